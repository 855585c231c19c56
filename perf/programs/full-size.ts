/**
 * Makes a 512x512 picture in two steps with a model from a folder, as a user's program would, and prints the seconds of
 * each part and the peak memory of the process as JSON. Argument: a diffusers folder.
 */
import { randomKey } from '../../src/engine/arrays/index.ts';
import { openDevice, spec } from '../../src/engine/index.ts';
import { openDiffusersFolder, readTokenizer } from '../../src/files/checkpoints/index.ts';
import {
  compileNetwork,
  guidedContext,
  holdModel,
  type Latents,
  parseSchedulerConfig,
  readScheduler,
  releaseModel,
  sample,
} from '../../src/methods/diffusion/index.ts';
import { clipText, encodePrompts } from '../../src/networks/clip/index.ts';
import { unet } from '../../src/networks/unet/index.ts';
import { vaeDecode } from '../../src/networks/vae/index.ts';

const seconds: Record<string, number[]> = {};
async function timed<T>(part: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await run();
  seconds[part] = [...(seconds[part] ?? []), (performance.now() - start) / 1000];
  return result;
}
const peaks: Record<string, number> = {};
const notePeak = (part: string) => {
  peaks[part] = process.resourceUsage().maxRSS / 2 ** 20;
};

const device = await openDevice('cpu');
const opened = await openDiffusersFolder(process.argv[2]!);
const model = await timed('load', () => holdModel(device, opened));
notePeak('load');

const tokenizer = await readTokenizer(opened.name, opened.tokenizerFiles);
const ids = encodePrompts(tokenizer, ['a photo of a cat on the grass', '']);
const encode = await timed('compile the text encoder', () =>
  compileNetwork(
    device,
    model.textEncoder,
    (parameters, { ids }) => ({
      hidden: clipText(parameters, model.textEncoder.config, ids).lastHiddenState,
    }),
    { ids: spec(ids.shape, ids.dtype) },
  ),
);
for (let i = 0; i < 2; i++)
  await timed('text encoder', () => encode.run({ ids }, model.textEncoder.parameters));
await encode.dispose();
const context = await guidedContext(model, ids, 1);

const predict = await timed('compile the UNet', () =>
  compileNetwork(
    device,
    model.unet,
    (parameters, inputs) => ({ prediction: unet(parameters, model.unet.config, inputs) }),
    { sample: spec([1, 4, 64, 64]), timestep: spec([1]), encoderHiddenStates: spec([1, 77, 768]) },
  ),
);
const conditional = {
  dtype: 'float32',
  shape: [1, 77, 768],
  data: (context.data as Float32Array).slice(0, 77 * 768),
} as const;
const walk = sample({
  ...readScheduler(parseSchedulerConfig(opened.schedulerConfig), 'ddim'),
  denoise: async (latents, timestep) => {
    const at = { dtype: 'float32', shape: [1], data: Float32Array.of(timestep) } as const;
    const inputs = { sample: latents, timestep: at, encoderHiddenStates: conditional };
    const { prediction } = await timed('UNet', () => predict.run(inputs, model.unet.parameters));
    return prediction as Latents;
  },
  steps: 2,
  key: randomKey(1),
  start: { kind: 'noise', shape: [1, 4, 64, 64] },
});
let latents: Latents | undefined;
for await (const event of walk) latents = event.latents;
await predict.dispose();
notePeak('UNet');

const decode = await timed('compile the decoder', () =>
  compileNetwork(
    device,
    model.vae,
    (parameters, { latents }) => ({ images: vaeDecode(parameters, model.vae.config, latents) }),
    { latents: spec([1, 4, 64, 64]) },
  ),
);
let finite = true;
for (let i = 0; i < 2; i++) {
  const { images } = await timed('decoder', () => decode.run({ latents: latents! }, model.vae.parameters));
  finite &&= (images!.data as Float32Array).every(Number.isFinite);
}
await decode.dispose();
notePeak('decoder');

console.log(JSON.stringify({ seconds, peakGiB: peaks, finite }));
await releaseModel(model);
await opened.close();
await device.close();
