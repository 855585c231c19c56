/**
 * Steers a concept that has learned nothing yet by one step at SD-1.5's size, guided images at hand, and prints the
 * seconds, the peak memory of the process, and what is estimated of all of steering, as JSON. Arguments: a diffusers
 * folder, and a case of `steeredSubsets`.
 */
import {
  type LazySource,
  mapTree,
  ndArray,
  normal,
  openDevice,
  randomKey,
  type Source,
  type Tree,
} from '../../src/engine/index.ts';
import { openDiffusersFolder, readTokenizer } from '../../src/files/checkpoints/index.ts';
import { holdModel, parseSchedulerConfig, readScheduler } from '../../src/methods/diffusion/index.ts';
import { estimateSteering } from '../../src/methods/memory/index.ts';
import {
  asSource,
  defineConcept,
  type Learned,
  networkSources,
  personalizationMethod,
  personalizationPreset,
} from '../../src/methods/personalization/index.ts';
import { defaultSteering, type SteeringSettings, steer } from '../../src/methods/steering/index.ts';
import { steeredSubsets } from '../steered-subsets.ts';

const [, , path, name] = process.argv;
const { kind, subset } = steeredSubsets[name!]!;
const device = await openDevice('cpu');
const opened = await openDiffusersFolder(path!);
const tokenizer = await readTokenizer(opened.name, opened.tokenizerFiles);
const model = await holdModel(device, opened);
const scheduler = readScheduler(parseSchedulerConfig(opened.schedulerConfig), 'ddim');

const usual = defaultSteering(kind, 'SD 1.x');
// Two rows instead of six: each takes a pass of its own, so that more of them take time alone.
const settings: SteeringSettings = {
  ...usual,
  edsd: usual.edsd === 'off' ? usual.edsd : { ...usual.edsd, batchSize: 1 },
  modeShifting: usual.modeShifting === 'off' ? usual.modeShifting : { ...usual.modeShifting, batchSize: 1 },
  ...(subset && { subset }),
  guidedImages: { ...usual.guidedImages, count: 1, keep: 1 },
  optimization: { ...usual.optimization, steps: 1 },
};
const shape = [1, 4, 64, 64];
const [source, image] = [1, 2].map((seed) => normal(randomKey(seed), shape));
const plan = defineConcept(personalizationPreset(kind, 'SD 1.x'), { word: '<biscuit>', classWord: 'cat' });
const begun = await personalizationMethod(plan, tokenizer).initialize(networkSources(model), randomKey(3));
const learned = mapTree<Tree<Source>, Source, LazySource>(begun as Tree<Source>, (leaf) =>
  'read' in leaf ? leaf : asSource(leaf),
);
const base = { model, tokenizer, scheduler };
const walk = steer(base, {
  concept: { plan, learned: learned as Learned<LazySource>, tokenizer: undefined },
  source: source!,
  prompts: { source: 'a photo of a cat on the grass', target: `a photo of a ${plan.phrase} on the grass` },
  mask: ndArray('float32', [64, 64], new Float32Array(64 * 64).fill(1)),
  settings,
  seed: 4,
  guidedImages: [image!],
});
const start = performance.now();
let stepSeconds = Number.NaN;
for await (const event of walk) {
  if (event.kind === 'step') stepSeconds = (performance.now() - start) / 1000;
}
const peakGiB = process.resourceUsage().maxRSS / 2 ** 20;
const estimate = await estimateSteering({ model, tokenizer, shape }, plan, settings);
console.log(
  JSON.stringify({
    seconds: stepSeconds,
    peakGiB,
    estimatedGiB: estimate.peak / 2 ** 30,
    stage: estimate.stage,
  }),
);
process.exit(); // what is still held goes with the process
