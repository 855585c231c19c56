import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import {
  HubError,
  type PullEvent,
  type PulledModel,
  type PullOptions,
  pull,
} from '../../../src/files/hub/index.ts';
import { type HubServer, REPOSITORY, startHubServer } from './hub-server.ts';
import { tinyPipeline } from './tiny-pipeline.ts';

/** An empty cache and a hub with the tiny pipeline, new for each test. */
export interface HubFixture {
  readonly hub: HubServer;
  readonly cache: string;
  readonly options: PullOptions;
  /** Runs a pull to its end. */
  pull(more?: Partial<PullOptions>, id?: string): Promise<{ model: PulledModel; events: PullEvent[] }>;
  /** The pull must fail with a sentence about the repository. */
  refuses(message: RegExp, more?: Partial<PullOptions>, id?: string): Promise<void>;
  /** Everything in the cache that is no folder, links included. */
  cached(): Promise<string[]>;
}

export function hubFixture(): HubFixture {
  const fixture = {} as { -readonly [K in keyof HubFixture]: HubFixture[K] };
  beforeEach(async () => {
    fixture.hub = await startHubServer();
    fixture.hub.files = tinyPipeline();
    fixture.cache = await mkdtemp(join(tmpdir(), 'hub-'));
    fixture.options = {
      cacheFolder: fixture.cache,
      endpoint: fixture.hub.endpoint,
      connection: 'online',
      patience: { attempts: 3, firstDelay: 5 },
    };
  });
  afterEach(async () => {
    await fixture.hub.close();
    await rm(fixture.cache, { recursive: true });
  });
  fixture.pull = async (more = {}, id = REPOSITORY) => {
    const events: PullEvent[] = [];
    const run = pull(id, { ...fixture.options, ...more });
    for (;;) {
      const { done, value } = await run.next();
      if (done === true) return { model: value, events };
      events.push(value);
    }
  };
  fixture.refuses = async (message, more, id = REPOSITORY) => {
    const error: unknown = await fixture.pull(more, id).then(
      () => 'not refused',
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(HubError);
    const sentence = (error as HubError).message;
    expect(sentence).toMatch(message);
    expect(sentence).toMatch(/^[^\n]{1,600}$/);
    expect(sentence.startsWith(id), sentence).toBe(true);
  };
  fixture.cached = async () => {
    const entries = await readdir(fixture.cache, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(fixture.cache.length + 1))
      .sort();
  };
  return fixture;
}
