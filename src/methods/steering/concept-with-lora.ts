import {
  flatten,
  joinArrays,
  type LazySource,
  type NdArray,
  ndArray,
  sizeOf,
  type Tree,
  unflatten,
} from '../../engine/index.ts';
import type { MethodSettings } from '../../files/checkpoints/index.ts';
import type { Learned, ModelTrees, SettingsOf } from '../personalization/index.ts';
import type { SteeredConcept } from './steered-parameters.ts';

/**
 * A concept with low-rank updates of the UNet beside it, as one concept that files can hold, without loss: of Textual
 * Inversion a LoRA with its words; of a LoRA one of both ranks, side by side; of DreamBooth the sums W + α/r · up · down,
 * and of Custom Diffusion a whole UNet of such sums, since its own files have no other layers.
 */
export function conceptWithLora(
  { plan, learned }: SteeredConcept,
  settings: SettingsOf<'lora'>,
  updates: Learned<NdArray>,
  base: ModelTrees<LazySource>,
): Promise<SteeredConcept> {
  return combinations[plan.method.kind]({ plan, learned }, settings, updates, base);
}

type Combination = (
  concept: SteeredConcept,
  settings: SettingsOf<'lora'>,
  updates: Learned<NdArray>,
  base: ModelTrees<LazySource>,
) => Promise<SteeredConcept>;

const combinations: { readonly [M in MethodSettings['kind']]: Combination } = {
  'textual-inversion': async ({ plan, learned }, settings, updates) => ({
    plan: { ...plan, method: settings },
    learned: { ...learned, ...updates },
  }),
  async lora({ plan, learned }, settings, updates) {
    const own = plan.method as SettingsOf<'lora'>;
    const unet = sideBySide(learned.unet ?? {}, updates.unet ?? {}, scaleOf(settings) / scaleOf(own));
    const targets = [...new Set([...own.targets, ...settings.targets])];
    return { plan: { ...plan, method: { ...own, targets } }, learned: { ...learned, unet } };
  },
  dreambooth: merged,
  'custom-diffusion': async (concept, settings, updates, base) => {
    const { plan, learned } = await merged(concept, settings, updates, base);
    return { plan: { ...plan, method: { kind: 'dreambooth', textEncoder: 'frozen' } }, learned };
  },
};

const scaleOf = ({ alpha, rank }: SettingsOf<'lora'>): number => alpha / rank;

/** up₁ down₁ + scale · up₂ down₂ = [up₁, scale · up₂] [down₁; down₂], layer by layer. */
function sideBySide(own: Tree<NdArray>, other: Tree<NdArray>, scale: number): Tree<NdArray> {
  const leaves = new Map(flatten<NdArray>(own));
  for (const [path, added] of flatten<NdArray>(other)) {
    const isUp = path.endsWith('.up');
    const scaled = isUp ? mapArray(added, (value) => scale * value) : added;
    const known = leaves.get(path);
    leaves.set(path, known === undefined ? scaled : joinArrays([known, scaled], isUp ? 1 : 0));
  }
  return unflatten([...leaves]);
}

/** Every weight of the UNet, those with an update summed. */
async function merged(
  { plan, learned }: SteeredConcept,
  settings: SettingsOf<'lora'>,
  updates: Learned<NdArray>,
  base: ModelTrees<LazySource>,
): Promise<SteeredConcept> {
  const own = new Map(flatten<NdArray>(learned.unet ?? {}));
  const added = new Map(flatten<NdArray>(updates.unet ?? {}));
  const weights: [string, NdArray][] = [];
  for (const [path, source] of flatten<LazySource>(base.unet)) {
    const module = path.replace(/\.weight$/, '');
    const weight = own.get(path) ?? (await source.read());
    const [down, up] = [added.get(`${module}.down`), added.get(`${module}.up`)];
    weights.push([
      path,
      down === undefined || up === undefined ? weight : plusProduct(weight, up, down, scaleOf(settings)),
    ]);
  }
  return { plan, learned: { ...learned, unet: unflatten(weights) } };
}

/** W + scale · up · down; up: [out, rank, …], down: [rank, in …]. */
function plusProduct(weight: NdArray, up: NdArray, down: NdArray, scale: number): NdArray {
  const [rank = 0, ...inputs] = down.shape;
  const columns = sizeOf(inputs);
  const [ups, downs] = [up.data as Float32Array, down.data as Float32Array];
  return mapArray(weight, (value, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += ups[row * rank + r]! * downs[r * columns + column]!;
    return value + scale * sum;
  });
}

const mapArray = ({ shape, data }: NdArray, of: (value: number, index: number) => number): NdArray =>
  ndArray('float32', shape, (data as Float32Array).map(of));
