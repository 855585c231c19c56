import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A hub on this machine that speaks the protocol of the real one, and misbehaves on request. */
export interface HubServer {
  readonly endpoint: string;
  /** "GET /path bytes=5-" for each request for content, to the hub or to its content network. */
  readonly requests: string[];
  /** Answers with content that have not come to their end. */
  unfinished: number;
  /** How often the list of files was asked for, pages counted once. */
  listings: number;
  /** Authorization headers that reached the content network, where they do not belong. */
  readonly leakedTokens: string[];
  files: Map<string, Buffer>;
  /** Content that differs from what is listed. */
  readonly swapped: Map<string, Buffer>;
  commit: string;
  /** What happens to the next requests for a path; each is used once. */
  readonly faults: Map<string, Fault[]>;
  /** Status for everything about the repository. */
  refusal: number | undefined;
  /** A token without which there is nothing to see. */
  token: string | undefined;
  /** Entries that the listing has beside the files. */
  readonly extraEntries: object[];
  close(): Promise<void>;
}

export type Fault =
  | { readonly kind: 'drop'; readonly after: number }
  | { readonly kind: 'corrupt' }
  /** The whole file, whatever part was asked for. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'status'; readonly status: number }
  /** Half of it, and the other half when the promise resolves. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> };

export const REPOSITORY = 'someone/tiny-pipeline';
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** As on the hub: large files are in LFS, known by their sha256, and served by another host. */
const isLarge = (path: string): boolean => /\.(safetensors|bin|ckpt)$/.test(path);

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const gitSha1 = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
export const checksumOf = (path: string, bytes: Uint8Array): string =>
  isLarge(path) ? sha256(bytes) : gitSha1(bytes);

export async function startHubServer(): Promise<HubServer> {
  const network = await listen((request, response) => void serveNetwork(request, response));
  const hub = await listen((request, response) => void serveHub(request, response));
  const state: HubServer = {
    endpoint: hub.address,
    requests: [],
    unfinished: 0,
    listings: 0,
    leakedTokens: [],
    files: new Map(),
    swapped: new Map(),
    commit: COMMIT,
    faults: new Map(),
    refusal: undefined,
    token: undefined,
    extraEntries: [],
    close: async () => {
      for (const { server } of [hub, network]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };

  async function serveHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, hub.address);
    const authorized = state.token === undefined || request.headers.authorization === `Bearer ${state.token}`;
    const status = state.refusal ?? (authorized ? undefined : 401);
    if (status !== undefined) return answerJson(response, { error: 'refused' }, status);
    const api = `/api/models/${REPOSITORY}`;
    if (url.pathname.startsWith(`${api}/revision/`)) {
      const revision = decodeURIComponent(url.pathname.slice(`${api}/revision/`.length));
      if (!['main', 'refs/pr/1', state.commit].includes(revision)) {
        return answerJson(response, { error: 'Invalid rev id' }, 404);
      }
      return answerJson(response, {
        _id: '1',
        id: REPOSITORY,
        sha: state.commit,
        lastModified: '2026-01-01',
      });
    }
    if (url.pathname === `${api}/tree/${state.commit}`) return answerTree(url, response);
    const resolve = `/${REPOSITORY}/resolve/${state.commit}/`;
    if (url.pathname.startsWith(resolve)) {
      return serveFile(decodeURIComponent(url.pathname.slice(resolve.length)), request, response);
    }
    answerJson(response, { error: 'Repository not found' }, 404);
  }

  /** Pages of seven, to be followed by their Link headers. */
  function answerTree(url: URL, response: ServerResponse): void {
    const entries = [
      { type: 'directory', path: 'unet', size: 0, oid: gitSha1(Buffer.of()) },
      ...[...state.files].map(([path, bytes]) => listedEntry(path, bytes)),
      ...state.extraEntries,
    ];
    const start = Number(url.searchParams.get('cursor') ?? 0);
    if (start === 0) state.listings++;
    if (start + 7 < entries.length) {
      url.searchParams.set('cursor', String(start + 7));
      response.setHeader('Link', `<${url.href}>; rel="next"`);
    }
    answerJson(response, entries.slice(start, start + 7));
  }

  function serveFile(path: string, request: IncomingMessage, response: ServerResponse): void {
    const bytes = state.swapped.get(path) ?? state.files.get(path);
    if (bytes === undefined) {
      response.setHeader('X-Error-Code', 'EntryNotFound');
      answerJson(response, { error: 'Entry not found' }, 404);
      return;
    }
    const etag = `"${checksumOf(path, bytes)}"`;
    if (!isLarge(path)) {
      response.setHeader('ETag', etag);
      return void sendBytes(path, bytes, request, response);
    }
    response.setHeader('X-Linked-ETag', etag);
    response.setHeader('X-Linked-Size', bytes.length);
    if (request.headers.accept?.includes('xet-fileinfo') === true) {
      const about = `${hub.address}/xet`;
      response.setHeader('X-Xet-Hash', 'f'.repeat(64));
      response.setHeader('Link', `<${about}>; rel="xet-auth", <${about}>; rel="xet-reconstruction-info"`);
      response.setHeader('Content-Type', 'application/vnd.xet-fileinfo+json');
      response.end('{}');
      return;
    }
    response.writeHead(302, { Location: `${network.address}/${path}` }).end();
  }

  function serveNetwork(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== undefined) state.leakedTokens.push(request.headers.authorization);
    const path = decodeURIComponent(request.url!.slice(1));
    void sendBytes(path, state.files.get(path)!, request, response);
  }

  async function sendBytes(
    path: string,
    whole: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const isProbe = request.headers.range === 'bytes=0-0';
    if (!isProbe) state.requests.push(`GET ${path}${asked === null ? '' : ` from ${asked[1]}`}`);
    const fault = isProbe ? undefined : state.faults.get(path)?.shift();
    if (fault?.kind === 'status') return answerJson(response, { error: 'overloaded' }, fault.status);

    state.unfinished++;
    response.once('close', () => state.unfinished--);
    const range = fault?.kind === 'whole' ? null : asked;
    const [start, end] = range === null ? [0, whole.length] : [Number(range[1]), Number(range[2]) + 1];
    const bytes = Buffer.from(whole.subarray(start, end));
    if (range !== null) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${whole.length}`);
    response.writeHead(range === null ? 200 : 206, { 'Content-Length': bytes.length });
    if (fault?.kind === 'drop') {
      response.write(bytes.subarray(0, fault.after), () => setTimeout(() => response.destroy(), 50));
    } else if (fault?.kind === 'hold') {
      const middle = Math.floor(bytes.length / 2);
      response.write(bytes.subarray(0, middle));
      await fault.until;
      response.end(bytes.subarray(middle));
    } else {
      if (fault?.kind === 'corrupt') bytes[Math.floor(bytes.length / 2)]! ^= 1;
      response.end(bytes);
    }
  }

  return state;
}

export function listedEntry(path: string, bytes: Uint8Array): object {
  const common = { type: 'file', path, size: bytes.length };
  if (!isLarge(path)) return { ...common, oid: gitSha1(bytes) };
  const pointer = { oid: sha256(bytes), size: bytes.length, pointerSize: 134 };
  return { ...common, oid: gitSha1(Buffer.from('pointer')), lfs: pointer, xetHash: 'f'.repeat(64) };
}

function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** Loopback only. */
async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; address: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
