import { FormatError, quote } from '../../formats/format-error.ts';
import { type HubOptions, type PullEvent, pull, type WeightsVariant } from '../../hub/index.ts';
import { isThere } from '../is-there.ts';

export interface LocateOptions {
  readonly hub: HubOptions;
  /** Which weights of the hub. Default 'full'. */
  readonly variant?: WeightsVariant;
  readonly signal?: AbortSignal;
}

/**
 * The path of a checkpoint that is given by its path, or by its id on the hub (`organisation/name`,
 * `organisation/name@revision`), from which it is pulled into the shared cache. What is there on this disk is a path.
 * @throws FormatError if it can be neither; HubError if the hub does not give it
 */
export async function* locateCheckpoint(
  pathOrId: string,
  options: LocateOptions,
): AsyncGenerator<PullEvent, string> {
  if (await isThere(pathOrId)) return pathOrId;
  if (!mayBeId(pathOrId)) throw absent(pathOrId);
  const { hub, variant, signal } = options;
  const pulled = yield* pull(pathOrId, {
    ...hub,
    ...(variant && { variant }),
    ...(signal && { signal }),
  });
  return pulled.folder;
}

/** Two parts, of which the second has no ending that files have: a name that is mistyped is no reason to ask a server. */
const mayBeId = (text: string): boolean =>
  /^[\w-][\w.-]*\/[\w-][\w.-]*(@.+)?$/.test(text) &&
  !/\.(safetensors|ckpt|pt|pth|bin|png|jpe?g|webp|json)$/i.test(text);

const absent = (path: string): FormatError =>
  new FormatError(
    `${quote(path)}: is not there (no file or folder of this name); check the path, or give a model of the hub as organisation/name`,
  );
