import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { flatten, type NdArray, openDevice, randomKey, zeros } from '../../../src/engine/index.ts';
import { readTree } from '../../../src/files/checkpoints/index.ts';
import { FormatError, writeTorchFile } from '../../../src/files/formats/index.ts';
import { metricWeightsFiles, openLpipsWeights } from '../../../src/files/metric-weights/index.ts';
import { holdNetwork } from '../../../src/methods/diffusion/index.ts';
import { Instruments, measure } from '../../../src/methods/evaluation/index.ts';
import { lpipsParameterSpecs } from '../../../src/networks/lpips/index.ts';
import { initializeParameters } from '../../../src/networks/nn/index.ts';
import { noisePicture } from '../../methods/evaluation/pictures.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';

const folder = temporaryFolder();
const tree = initializeParameters(randomKey(1), lpipsParameterSpecs('alex'));
const parameters = flatten<NdArray>(tree);

const bytesOf = ({ buffer, byteOffset, byteLength }: NdArray['data']) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** As they are published: features and classifier in one file, heads in another. */
async function writeWeights(drop = ''): Promise<void> {
  const of = (isOurs: (name: string) => boolean) =>
    new Map(parameters.filter(([name]) => isOurs(name) && name !== drop));
  const classifier = of((name) => name.startsWith('features')).set('classifier.6.bias', zeros([1000]));
  await writeTorchFile(folder.path(metricWeightsFiles.alexnet.name), classifier);
  await writeTorchFile(
    folder.path(metricWeightsFiles['lpips-alex'].name),
    of((name) => name.startsWith('lin')),
  );
}

describe('openLpipsWeights', () => {
  test('has the parameters of both files, and leaves the classifier out', async () => {
    await writeWeights();
    const weights = await openLpipsWeights(folder.path(''), 'alex');
    const read = flatten<NdArray>(await readTree(weights.parameters));
    await weights.close();
    expect(new Set(read.map(([name]) => name))).toEqual(new Set(parameters.map(([name]) => name)));
    const values = new Map(read);
    const isSame = ([name, { data }]: (typeof parameters)[number]) =>
      Buffer.compare(bytesOf(data), bytesOf(values.get(name)!.data)) === 0;
    expect(parameters.filter((each) => !isSame(each))).toEqual([]);
  });

  test('LPIPS can be measured with them', async () => {
    await writeWeights();
    const device = await openDevice('cpu');
    try {
      const weights = await openLpipsWeights(folder.path(''), 'alex');
      const instruments = new Instruments(device, { lpipsAlex: await holdNetwork(device, weights) });
      await weights.close();
      const [source, edited] = [noisePicture(1, 40), noisePicture(2, 40)];
      expect(await measure('lpips-alex', { source, edited: source }, instruments)).toBe(0);
      expect(await measure('lpips-alex', { source, edited }, instruments)).not.toBe(0);
    } finally {
      await device.close();
    }
  });

  test('names a parameter that is missing', async () => {
    await writeWeights('lin2.model.1.weight');
    await expect(openLpipsWeights(folder.path(''), 'alex')).rejects.toThrow(
      /1 missing: "lin2\.model\.1\.weight"/,
    );
  });

  test('says which file is missing, and what to do', async () => {
    await writeWeights();
    await rm(folder.path(metricWeightsFiles['lpips-alex'].name));
    const opening = openLpipsWeights(folder.path(''), 'alex');
    await expect(opening).rejects.toBeInstanceOf(FormatError);
    await expect(opening).rejects.toThrow(
      /lpips_v0\.1_alex\.pth: is not there; fetch the weights of the metrics/,
    );
  });
});
