import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobRequest, DEFAULT_PATIENCE, fetchBlob, type Patience } from '../hub/fetch-blob.ts';
import { HubError } from '../hub/hub-error.ts';
import type { PullEvent } from '../hub/pull-event.ts';
import { type MetricWeightsFile, type MetricWeightsName, metricWeightsFiles } from './metric-weights.ts';
import { openUrl } from './open-url.ts';

export interface FetchMetricWeightsOptions {
  /** Where they are put, and looked for first; made if need be. See `metricWeightsFolder`. */
  readonly folder: string;
  /** 'offline' never opens a connection. */
  readonly connection: 'online' | 'offline';
  /** Default: all of them, 800 MB. `lpipsFiles` says what LPIPS needs for a network. */
  readonly names?: readonly MetricWeightsName[];
  /** Where they come from. Default: where they were published. */
  readonly files?: { readonly [N in MetricWeightsName]: MetricWeightsFile };
  readonly patience?: Patience;
  readonly signal?: AbortSignal;
}

type FileEvent = Exclude<PullEvent, { readonly kind: 'planned' }>;

/** What fetching reports: as a pull of the hub, but that its plan names no commit. */
export type MetricWeightsEvent =
  | FileEvent
  | { readonly kind: 'planned'; readonly files: number; readonly size: number; readonly missing: number };

/**
 * Brings the weights of metrics into a folder. A file that is there is not fetched again, a download that was cut off
 * is continued, a file has its checksum before it gets its name, and two processes do not fetch the same one at once.
 * @returns the files' paths, in the order of the names
 * @throws {HubError} a sentence offline, one that lists what is missing
 */
export async function* fetchMetricWeights(
  options: FetchMetricWeightsOptions,
): AsyncGenerator<MetricWeightsEvent, readonly string[]> {
  const { folder, connection, files = metricWeightsFiles, signal } = options;
  const { names = Object.keys(files) as MetricWeightsName[] } = options;
  signal?.throwIfAborted();
  const wanted = names.map((name) => files[name]);
  const missing = await missingFiles(folder, wanted);
  if (missing.length > 0) {
    if (connection === 'offline') throw offline(folder, missing);
    yield { kind: 'planned', files: wanted.length, size: bytesOf(wanted), missing: bytesOf(missing) };
    for (const file of missing) yield* fetchFile(file, options);
  }
  return wanted.map(({ name }) => join(folder, name));
}

function offline(folder: string, missing: readonly MetricWeightsFile[]): HubError {
  const list = missing.map(({ name, url }) => `${name} (${url})`).join(', ');
  return new HubError(
    `${ID}: not in ${folder}: ${list}; fetch them once with a connection, or copy them there`,
  );
}

const bytesOf = (files: readonly MetricWeightsFile[]): number =>
  files.reduce((total, { size }) => total + size, 0);

async function missingFiles(
  folder: string,
  files: readonly MetricWeightsFile[],
): Promise<readonly MetricWeightsFile[]> {
  const sizes = await Promise.all(
    files.map(({ name }) =>
      stat(join(folder, name)).then(
        (found) => found.size,
        () => undefined,
      ),
    ),
  );
  return files.filter(({ size }, index) => sizes[index] !== size);
}

async function* fetchFile(
  { name, url, size, sha256 }: MetricWeightsFile,
  { folder, patience = DEFAULT_PATIENCE, signal }: FetchMetricWeightsOptions,
): AsyncGenerator<MetricWeightsEvent, void> {
  const request: BlobRequest = {
    file: { path: name, size, checksum: { kind: 'sha256', hex: sha256 } },
    commit: '',
    id: ID,
    layout: {
      blob: () => join(folder, name),
      partial: () => join(folder, `${name}.incomplete`),
      lock: () => join(folder, `${name}.lock`),
    },
    client: { openFile: (_, __, start) => openUrl(url, { where: `${ID}: ${name}`, start, size, signal }) },
    patience,
    signal,
  };
  try {
    yield* fetchBlob(request);
  } catch (error) {
    const code: unknown =
      error instanceof Error && !(error instanceof HubError) && Reflect.get(error, 'code');
    if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) throw error;
    throw new HubError(
      `${ID}: ${name} cannot be written to ${folder} (${code}); check its permissions and the space left`,
      { cause: error },
    );
  }
}

/** What messages begin with. */
const ID = 'weights of the metrics';
