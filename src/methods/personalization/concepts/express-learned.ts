import {
  flatten,
  type LazySource,
  type NdArray,
  Owner,
  type StateLeaf,
  type Tree,
} from '../../../engine/index.ts';
import type { Concept, LowRankUpdate, NetworkChange } from '../../../files/checkpoints/index.ts';
import { type HeldModel, releaseModel } from '../../diffusion/index.ts';
import { isLoraTarget } from '../methods/lora.ts';
import { type ConceptPlan, networkMethod } from '../methods/personalization-method.ts';
import type { Learned } from '../model-trees.ts';
import { personalizedModel } from '../personalized-model.ts';
import { readFloats } from '../read-floats.ts';
import { conceptOfLearned } from './concept-of-learned.ts';
import { methodOf } from './learned-of-concept.ts';
import { approximateByRank } from './low-rank-approximation.ts';

export interface ExpressedAsLora {
  /** Textual Inversion's where no weight changed: words alone are no LoRA. */
  readonly plan: ConceptPlan;
  readonly concept: Concept;
  /** Share of the squared change of all parameters that the updates hold, 0 … 1; of a LoRA itself exactly 1. */
  readonly captured: number;
}

/**
 * What was learned by any method as low-rank updates, beside the vectors of its words. A LoRA stays as it is; of
 * other methods each changed weight's difference is cut to `rank` by singular values, which is exact where the rank
 * reaches the smaller side. Biases, norms and tables have no updates: `captured` tells what was lost.
 */
export async function learnedAsLora(
  base: HeldModel,
  plan: ConceptPlan,
  learned: Learned<NdArray>,
  rank: number,
): Promise<ExpressedAsLora> {
  const concept = conceptOfLearned(plan, learned);
  if (plan.method.kind === 'lora') return { plan, concept, captured: 1 };
  const unet = await approximated(learned.unet, base.unet.parameters.sources() as Tree<LazySource>, rank);
  const text = await approximated(
    learned.textEncoder,
    base.textEncoder.parameters.sources() as Tree<LazySource>,
    rank,
  );
  const squares = unet.squares + text.squares;
  const expressed = { ...concept, unet: unet.change, textEncoder: text.change };
  return {
    plan: { ...plan, method: methodOf(expressed) },
    concept: expressed,
    captured: squares === 0 ? 1 : 1 - (unet.lost + text.lost) / squares,
  };
}

/**
 * What was learned by any method as parameters of a whole model, DreamBooth's form (merged). The words' vectors stay
 * beside: other tools load them as embeddings.
 */
export async function learnedAsWholeModel(
  base: HeldModel,
  plan: ConceptPlan,
  learned: Learned<NdArray>,
): Promise<Concept> {
  const { tokens: _, ...networks } = learned;
  await using owner = new Owner();
  const state = owner.use(await base.device.hold(networks as Tree<NdArray>));
  const references = state.references() as unknown as Learned<StateLeaf>;
  const merged = owner.adopt(
    await personalizedModel(base, networkMethod(plan.method), references),
    releaseModel,
  );
  const whole = {
    unet: await readFloats(merged.unet.parameters.sources() as Tree<LazySource>),
    ...(learned.textEncoder && {
      textEncoder: await readFloats(merged.textEncoder.parameters.sources() as Tree<LazySource>),
    }),
    ...(learned.tokens && { tokens: learned.tokens }),
  };
  const method = { kind: 'dreambooth', textEncoder: learned.textEncoder ? 'trained' : 'frozen' } as const;
  return conceptOfLearned({ ...plan, method }, whole);
}

interface Approximated {
  readonly change: NetworkChange;
  readonly squares: number;
  readonly lost: number;
}

/**
 * The difference of one network, weight by weight. Rows of words that the base's table lacks are lost, unless
 * `withWordsBeside` took them out before.
 */
async function approximated(
  learned: Tree<NdArray> | undefined,
  base: Tree<LazySource>,
  rank: number,
): Promise<Approximated> {
  const sources = new Map(flatten<LazySource>(base));
  const updates = new Map<string, LowRankUpdate>();
  let squares = 0;
  let lost = 0;
  for (const [path, array] of flatten<NdArray>(learned ?? {})) {
    const before = (await sources.get(path)!.read()).data as Float32Array;
    const difference = Float32Array.from(array.data as Float32Array, (value, i) => value - (before[i] ?? 0));
    const own = difference.reduce((sum, value) => sum + value * value, 0);
    squares += own;
    if (own === 0) continue;
    if (!isLoraTarget(path)) {
      lost += own;
      continue;
    }
    const { up, down, lost: left } = approximateByRank(difference, array.shape, rank);
    updates.set(path, { up, down, alpha: undefined });
    lost += left;
  }
  const change: NetworkChange = updates.size === 0 ? { kind: 'nothing' } : { kind: 'low rank', updates };
  return { change, squares, lost };
}
