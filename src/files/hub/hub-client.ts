import { downloadFile, HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { HubError } from './hub-error.ts';
import type { HubOptions } from './hub-options.ts';
import { checkListedFile, type ListedFile } from './listed-file.ts';
import { formatRepository, isCommit, type Repository } from './repository.ts';

/** What is asked of the hub about one repository; the only user of the library @huggingface/hub. */
export interface HubClient {
  /** The commit that the revision names now. */
  resolveCommit(): Promise<string>;
  listFiles(commit: string): Promise<ListedFile[]>;
  /** The file's bytes from `start` on. */
  openFile(file: ListedFile, commit: string, start: number): Promise<ReadableStream<Uint8Array>>;
}

/** Repositories of pipelines have dozens of files; what has more than this is a data set. */
export const MOST_LISTED_FILES = 100_000;

/**
 * Every failure is a HubError in a sentence; one that may pass if tried again is an Interruption.
 * Tokens go to the endpoint only: where it redirects elsewhere, fetch leaves them out.
 */
export function hubClient(repository: Repository, options: HubOptions, signal?: AbortSignal): HubClient {
  const { name, revision } = repository;
  const common = {
    hubUrl: options.endpoint,
    fetch: checkedFetch(signal),
    ...(options.token === undefined ? {} : { accessToken: checkedToken(options.token) }),
  };
  const id = formatRepository(repository);
  const translate = async <T>(where: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      throw inASentence(where, error, repository, options);
    }
  };

  return {
    resolveCommit: () =>
      translate(id, async () => {
        const { sha } = await modelInfo({ ...common, name, revision, additionalFields: ['sha'] });
        if (typeof sha !== 'string' || !isCommit(sha)) {
          throw new HubError('the hub names no commit for it; try again later');
        }
        return sha;
      }),
    listFiles: (commit) =>
      translate(id, async () => {
        const files: ListedFile[] = [];
        for await (const entry of listFiles({ ...common, repo: name, revision: commit, recursive: true })) {
          if (entry.type === 'file') files.push(checkListedFile(entry));
          if (files.length > MOST_LISTED_FILES) {
            throw new HubError(`lists more than ${MOST_LISTED_FILES} files; it cannot be a model`);
          }
        }
        return files;
      }),
    openFile: (file, commit, start) =>
      translate(`${id}: ${file.path}`, async () => {
        // Without xet: its chunks have no checksum of the file before the end, and no place to continue from.
        const blob = await downloadFile({
          ...common,
          repo: name,
          path: file.path,
          revision: commit,
          xet: false,
        });
        if (blob === null) throw new HubError('is listed, but not there');
        if (blob.size !== file.size) {
          throw new HubError(
            `is listed with ${file.size} bytes, but served with ${blob.size}; try again later`,
          );
        }
        return blob.slice(start, file.size).stream();
      }),
  };
}

/** A failure that the next attempt may not meet: a lost connection, an overloaded server. */
export class Interruption extends HubError {}

/**
 * fetch with the signal, and without two answers that the library would take for something else: a whole file where
 * its end was asked for, and success without a body, which it would wait for without end. Asked for the first byte
 * of a file in xet storage, the hub describes the file instead: that is what the library expects.
 */
const checkedFetch =
  (signal: AbortSignal | undefined): typeof fetch =>
  async (input, init) => {
    const response = await fetch(input, { ...init, signal: signal ?? null });
    if (!response.ok) return response;
    const wantsPart = new Headers(init?.headers).has('range');
    const describesXet = response.headers.get('content-type')?.includes(XET_DESCRIPTION) === true;
    if (wantsPart && response.status !== 206 && !describesXet) {
      await response.body?.cancel();
      throw new Error('the server does not send parts of files');
    }
    if (response.body === null) throw new Error('the server sent an answer without content');
    return String(input).includes('/api/') ? limitAnswer(response, response.body) : response;
  };

const XET_DESCRIPTION = 'application/vnd.xet-fileinfo+json';

/** The library parses answers of the API whole. A page of the listing has a thousand files and half a megabyte. */
export const LARGEST_ANSWER = 2 ** 25;

function limitAnswer(response: Response, body: ReadableStream<Uint8Array>): Response {
  let received = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.length;
      if (received > LARGEST_ANSWER) {
        throw new HubError(`the hub answers with more than ${LARGEST_ANSWER} bytes; check the endpoint`);
      }
      controller.enqueue(chunk);
    },
  });
  return new Response(body.pipeThrough(limit), { status: response.status, headers: response.headers });
}

function checkedToken(token: string): string {
  if (!/^hf_[\x21-\x7e]+$/.test(token)) {
    throw new HubError('the token of the hub (HF_TOKEN) begins with hf_ and has no blanks; copy it again');
  }
  return token;
}

function inASentence(
  where: string,
  error: unknown,
  { name }: Repository,
  { endpoint }: HubOptions,
): HubError {
  if (error instanceof HubError) return new HubError(`${where}: ${error.message}`, { cause: error.cause });
  if (error instanceof HubApiError) {
    const advice = refusals[error.statusCode]?.(`${endpoint}/${name}`);
    if (advice !== undefined) return new HubError(`${where}: ${advice}`, { cause: error });
    const status = `the hub answered with status ${error.statusCode}`;
    return error.statusCode === 429 || error.statusCode >= 500
      ? new Interruption(`${where}: ${status}; try again later`, { cause: error })
      : new HubError(`${where}: ${status}; check the id and the endpoint ${endpoint}`, { cause: error });
  }
  return new Interruption(
    `${where}: ${endpoint} cannot be reached (${reasonOf(error)}); check the connection, or set HF_HUB_OFFLINE=1 to ` +
      'use what is cached',
    { cause: error },
  );
}

const refusals: Readonly<Record<number, (page: string) => string>> = {
  401: (page) =>
    `there is none, or it needs a token (401); check the id, or set HF_TOKEN to a token that may read ${page}`,
  403: (page) => `your token may not read it (403); accept its licence on ${page}, or use another token`,
  404: () => 'is not there (404); check the id and the revision',
};

/** fetch hides the reason in a cause; the library adds addresses, which may be signed and are nobody's business. */
export function reasonOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error.cause ?? error, 'code') : undefined;
  if (typeof code === 'string') return code;
  const message = error instanceof Error ? error.message : String(error);
  return message.split(/\n|\. URL: /)[0]!.slice(0, 200);
}
