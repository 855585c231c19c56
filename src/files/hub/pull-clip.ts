import type { PulledModel } from './cached-model.ts';
import { HubError } from './hub-error.ts';
import type { PullEvent } from './pull-event.ts';
import { type PullSelectedOptions, pullSelected } from './pull-selected.ts';

export type PullClipOptions = PullSelectedOptions;

/**
 * Brings a CLIP model for metrics, `openai/clip-vit-base-patch32` or `openai/clip-vit-large-patch14`, into the cache
 * that all tools share: configuration, preprocessing, vocabulary and one set of weights, safetensors before pickles.
 * All else is as with `pull`.
 * @throws {HubError} a sentence that begins with the id
 */
export const pullClip = (id: string, options: PullClipOptions): AsyncGenerator<PullEvent, PulledModel> =>
  pullSelected(id, options, selectClipFiles);

const required = ['config.json', 'preprocessor_config.json', 'vocab.json', 'merges.txt'];
const weights = ['model.safetensors', 'pytorch_model.bin'];

/** @throws {HubError} without the repository's name */
function selectClipFiles(paths: ReadonlySet<string>): string[] {
  const missing = required.filter((path) => !paths.has(path));
  if (missing.length > 0) throw new HubError(`has no ${missing.join(', ')}; it is not a CLIP model`);
  const set = weights.find((path) => paths.has(path));
  if (set === undefined) throw new HubError(`has no weights; looked for ${weights.join(', ')}`);
  return [...required, set];
}
