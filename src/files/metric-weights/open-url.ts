import { Interruption, reasonOf } from '../hub/hub-client.ts';
import { HubError } from '../hub/hub-error.ts';

export interface OpenUrlOptions {
  /** What messages begin with. */
  readonly where: string;
  /** The first byte that is wanted. */
  readonly start: number;
  /** Of the whole file. */
  readonly size: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A file's bytes from `start` on. A server that does not send parts sends the beginning too, which is dropped.
 * @throws {Interruption} what the next attempt may not meet
 * @throws {HubError} everything else
 */
export async function openUrl(
  url: string,
  { where, start, size, signal }: OpenUrlOptions,
): Promise<ReadableStream<Uint8Array>> {
  // Compressed, the parts of a file would not be its bytes.
  const headers = { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) };
  const response = await fetch(url, { headers, signal: signal ?? null }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new Interruption(
      `${where}: ${url} cannot be reached (${reasonOf(error)}); check the connection, or copy the file there`,
      { cause: error },
    );
  });
  const { status, body } = response;
  if (!response.ok || body === null) {
    await body?.cancel();
    const message = `${where}: ${url} answered with status ${status}`;
    if (status === 429 || status >= 500) throw new Interruption(`${message}; try again later`);
    throw new HubError(`${message}; fetch the file by other means and put it in the folder`);
  }
  const first = status === 206 ? firstByte(response) : 0;
  if (first === undefined || first > start) {
    await body.cancel();
    throw new HubError(
      `${where}: ${url} sent another part of its ${size} bytes than asked for; try again later`,
    );
  }
  return first === start ? body : body.pipeThrough(dropping(start - first));
}

/** Of `Content-Range: bytes 5-9/10`. */
function firstByte(response: Response): number | undefined {
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return range === null ? undefined : Number(range[1]);
}

function dropping(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = bytes;
  return new TransformStream({
    transform(chunk, controller) {
      const dropped = Math.min(left, chunk.length);
      left -= dropped;
      if (dropped < chunk.length) controller.enqueue(chunk.subarray(dropped));
    },
  });
}
