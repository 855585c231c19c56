import type { NdArray } from '../../engine/index.ts';
import { encodePrompts, type Tokenizer } from '../../networks/clip/index.ts';
import type { HeldModel } from './held-model.ts';
import { guidedContext } from './text-to-image.ts';

/** A model on a device, and the tokenizer that makes ids of its prompts. */
export interface PromptedModel {
  readonly model: HeldModel;
  readonly tokenizer: Tokenizer;
}

/** What the UNet is conditioned on under prompts, [prompts, tokens, size]. */
export const contextOf = (
  { model, tokenizer }: PromptedModel,
  prompts: readonly string[],
): Promise<NdArray> => guidedContext(model, encodePrompts(tokenizer, prompts), 1);
