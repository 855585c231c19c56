import { type NdArray, ndArray, spec, type TensorSpec } from '../../../engine/index.ts';
import { encodePrompts, type Tokenizer } from '../../../networks/clip/index.ts';
import { guidedContext, type HeldModel } from '../../diffusion/index.ts';

/** How prompts are fed to a program: as features, computed once, or as ids for the text encoder in the graph. */
export interface PromptFeeds {
  readonly kind: 'features' | 'ids';
  /** Of a batch. */
  readonly spec: (batch: number) => TensorSpec;
  readonly of: (prompts: readonly string[]) => NdArray;
}

/** Ids, for a text encoder that learns. */
export const feedIds = (tokenizer: Tokenizer): PromptFeeds => ({
  kind: 'ids',
  spec: (batch) => spec([batch, tokenizer.length], 'int64'),
  of: (prompts) => encodePrompts(tokenizer, prompts),
});

/** Features, of all prompts that there will be, for one that does not. */
export async function feedFeatures(
  model: HeldModel,
  tokenizer: Tokenizer,
  prompts: readonly string[],
): Promise<PromptFeeds> {
  const known = [...new Set(prompts)];
  const features = await guidedContext(model, encodePrompts(tokenizer, known), 1); // [prompts, tokens, size]
  const [, tokens = 0, size = 0] = features.shape;
  const row = (prompt: string) => {
    const place = known.indexOf(prompt);
    return (features.data as Float32Array).subarray(place * tokens * size, (place + 1) * tokens * size);
  };
  return {
    kind: 'features',
    spec: (batch) => spec([batch, tokens, size]),
    of: (asked) => {
      const data = new Float32Array(asked.length * tokens * size);
      for (const [index, prompt] of asked.entries()) data.set(row(prompt), index * tokens * size);
      return ndArray('float32', [asked.length, tokens, size], data);
    },
  };
}
