import { type NdArray, ndArray } from '../../engine/index.ts';
import { contextOf, type PromptedModel } from '../../methods/diffusion/index.ts';
import { batchesOf } from './batches.ts';

/** What the UNet is conditioned on under each of the prompts, [1, tokens, size], some of them encoded at a time. */
export async function promptContexts(
  prompted: PromptedModel,
  prompts: readonly string[],
): Promise<ReadonlyMap<string, NdArray>> {
  const distinct = [...new Set(prompts)];
  const contexts = new Map<string, NdArray>();
  for (const batch of batchesOf(distinct.length, 32)) {
    const texts = batch.map((index) => distinct[index]!);
    const { data, shape } = await contextOf(prompted, texts);
    const size = data.length / texts.length;
    for (const [place, text] of texts.entries()) {
      const own = (data as Float32Array).slice(place * size, (place + 1) * size);
      contexts.set(text, ndArray('float32', [1, ...shape.slice(1)], own));
    }
  }
  return contexts;
}
