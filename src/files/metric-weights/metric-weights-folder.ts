import { join } from 'node:path';

/**
 * Where the weights of metrics lie unless a folder is named: DREAMSTEERER_METRICS, else
 * XDG_CACHE_HOME/dreamsteerer/metrics, else ~/.cache/dreamsteerer/metrics. A leading ~ is the home folder; an empty
 * variable is as good as none.
 */
export function metricWeightsFolder(
  environment: Readonly<Record<string, string | undefined>>,
  homeFolder: string,
): string {
  const value = (name: string) => environment[name]?.trim() || undefined;
  const named = value('DREAMSTEERER_METRICS');
  if (named !== undefined) return named.replace(/^~(?=[/\\]|$)/, () => homeFolder);
  return join(value('XDG_CACHE_HOME') ?? join(homeFolder, '.cache'), 'dreamsteerer', 'metrics');
}
