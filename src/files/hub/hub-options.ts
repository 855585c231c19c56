import { join } from 'node:path';

/** Where models come from and where they are kept. */
export interface HubOptions {
  /** The folder that Python's huggingface_hub calls HF_HUB_CACHE; it holds `models--org--name` folders. */
  readonly cacheFolder: string;
  /** Without a slash at its end: `https://huggingface.co`. */
  readonly endpoint: string;
  /** `hf_…`, for private and gated repositories. */
  readonly token?: string;
  /** 'offline' never opens a connection. */
  readonly connection: 'online' | 'offline';
}

/**
 * The options that environment variables ask for, by the rules of Python's huggingface_hub (constants.py):
 *
 * - HF_HUB_CACHE, or HUGGINGFACE_HUB_CACHE: the cache folder; else HF_HOME/hub; else XDG_CACHE_HOME/huggingface/hub;
 *   else ~/.cache/huggingface/hub. A leading ~ is the home folder.
 * - HF_ENDPOINT: the hub, or a mirror of it.
 * - HF_TOKEN, or HUGGING_FACE_HUB_TOKEN. The file in which Python's tools keep a token is not read.
 * - HF_HUB_OFFLINE, or TRANSFORMERS_OFFLINE: 1, ON, YES or TRUE in any case.
 *
 * An empty variable is as good as none.
 */
export function hubOptionsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  homeFolder: string,
): HubOptions {
  const value = (...names: readonly string[]) =>
    names.map((name) => environment[name]?.trim()).find((text) => text !== undefined && text !== '');
  const expand = (path: string) => path.replace(/^~(?=[/\\]|$)/, () => homeFolder);

  const cacheHome = value('XDG_CACHE_HOME') ?? join(homeFolder, '.cache');
  const home = value('HF_HOME') ?? join(cacheHome, 'huggingface');
  const token = value('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN');
  return {
    cacheFolder: expand(value('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub')),
    endpoint: (value('HF_ENDPOINT') ?? HUB_ENDPOINT).replace(/\/+$/, ''),
    ...(token === undefined ? {} : { token }),
    connection: ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].some((name) => isTrue(value(name)))
      ? 'offline'
      : 'online',
  };
}

export const HUB_ENDPOINT = 'https://huggingface.co';

const isTrue = (text: string | undefined): boolean => /^(1|on|yes|true)$/i.test(text ?? '');
