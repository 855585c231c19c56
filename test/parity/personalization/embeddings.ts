import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Device, gradient, multiply, type NdArray, ndArray, sum } from '../../../src/engine/index.ts';
import { readEmbedding, withRows } from '../../../src/files/checkpoints/index.ts';
import { appendTokens } from '../../../src/methods/personalization/index.ts';
import { clipText } from '../../../src/networks/clip/index.ts';
import { type Arrays, compareArrays, read, runOnce, tolerances } from '../model-folder.ts';
import type { ParityResult } from '../parity-result.ts';
import { readSafetensors } from '../read-safetensors.ts';
import type { BaseModels } from './base-models.ts';

/**
 * Textual-inversion files: their vectors, and the text encoder's output and gradient with those of diffusers' two
 * tokens as further rows of its table.
 */
export async function* compareEmbeddings(base: BaseModels, device: Device): AsyncGenerator<ParityResult> {
  const folder = join(base.folder, 'textual_inversion');
  const golden = readSafetensors(join(folder, 'golden.safetensors'));
  for (const file of readdirSync(folder).sort()) {
    if (file === 'golden.safetensors') continue;
    const { embeddings } = await readEmbedding(join(folder, file));
    for (const { token, vectors } of embeddings) {
      const expected = read(golden, expectedName(vectors));
      yield compareArrays(`${file}: vectors of ${token}`, vectors, expected, tolerances.exact);
    }
  }
  yield* compareOutputs(base, device, golden, await diffusersRows(folder));
}

/** Half floats are of the one-vector embedding, rounded. */
const expectedName = ({ shape, dtype }: NdArray): string =>
  shape[0] === 1 ? (dtype === 'float16' ? 'single_half' : 'single') : 'multi';

async function diffusersRows(folder: string): Promise<NdArray> {
  const files = ['learned_embeds.safetensors', 'learned_embeds_multi.safetensors'];
  const [single, multi] = await Promise.all(
    files.map(async (file) => (await readEmbedding(join(folder, file))).embeddings[0]!.vectors),
  );
  const none = ndArray('float32', [0, single!.shape[1]!], new Float32Array(0));
  return withRows(withRows(none, single!, 'single'), multi!, 'multi');
}

async function* compareOutputs(
  { text }: BaseModels,
  device: Device,
  golden: Arrays,
  rows: NdArray,
): AsyncGenerator<ParityResult> {
  const inputs = {
    parameters: text.parameters,
    rows,
    ids: read(golden, 'input_ids'),
    weighting: read(golden, 'grad_weighting'),
  };
  const ours = await runOnce(
    device,
    ({ parameters, rows, ids, weighting }) => {
      const { lastHiddenState } = clipText(appendTokens(parameters, [rows]), text.config, ids);
      const loss = sum(multiply(lastHiddenState, weighting));
      return { last_hidden_state: lastHiddenState, grad_new_rows: gradient(loss, rows) };
    },
    inputs,
  );
  for (const [name, array] of ours) {
    const tolerance = name.startsWith('grad') ? tolerances.gradient : tolerances.output;
    yield compareArrays(`textual_inversion.${name}`, array, read(golden, name), tolerance);
  }
}
