import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HubError } from '../../../src/files/hub/index.ts';
import {
  type FetchMetricWeightsOptions,
  fetchMetricWeights,
  type MetricWeightsEvent,
  type MetricWeightsName,
  metricWeightsFiles,
  metricWeightsFolder,
} from '../../../src/files/metric-weights/index.ts';
import { sha256 } from '../hub/hub-server.ts';
import { randomBytes } from '../hub/random-bytes.ts';

/** What happens to the next requests for a path; each is used once. */
type Fault = 'status 500' | 'status 404' | 'cut off' | 'whole' | 'wrong part' | 'corrupt';

const contents: { readonly [N in MetricWeightsName]: Buffer } = {
  alexnet: randomBytes(1, 2_500_000),
  vgg16: randomBytes(2, 70_000),
  'lpips-alex': randomBytes(3, 600),
  'lpips-vgg': randomBytes(4, 700),
};
const names = Object.keys(contents) as MetricWeightsName[];

let server: Server;
let folder: string;
let requests: string[];
let faults: Map<string, Fault[]>;
let files: NonNullable<FetchMetricWeightsOptions['files']>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'));
  [requests, faults] = [[], new Map()];
  server = createServer((request, response) => {
    const name = request.url!.slice(1) as MetricWeightsName;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    requests.push(range === null ? name : `${name} from ${range[1]}`);
    const bytes = Buffer.from(contents[name]);
    const fault = faults.get(name)?.shift();
    if (fault === 'status 500' || fault === 'status 404') {
      response.writeHead(Number(fault.slice(-3))).end();
      return;
    }
    const start = range === null || fault === 'whole' ? 0 : Number(range[1]);
    const announced = fault === 'wrong part' ? start + 1 : start;
    if (start > 0) {
      response.setHeader('Content-Range', `bytes ${announced}-${bytes.length - 1}/${bytes.length}`);
    }
    response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': bytes.length - start });
    if (fault === 'corrupt') bytes[bytes.length - 1]! ^= 1;
    if (fault !== 'cut off') return void response.end(bytes.subarray(start));
    response.write(bytes.subarray(start, 100_000), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  files = Object.fromEntries(
    names.map((name) => {
      const { name: fileName } = metricWeightsFiles[name];
      const { length: size } = contents[name];
      const url = `http://127.0.0.1:${port}/${name}`;
      return [name, { name: fileName, url, size, sha256: sha256(contents[name]) }];
    }),
  ) as typeof files;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function fetchAll(more: Partial<FetchMetricWeightsOptions> = {}) {
  const events: MetricWeightsEvent[] = [];
  const patience = { attempts: 3, firstDelay: 5 };
  const run = fetchMetricWeights({ folder, files, connection: 'online', patience, ...more });
  for (;;) {
    const { done, value } = await run.next();
    if (done === true) return { paths: value, events };
    events.push(value);
  }
}

const refusal = async (more: Partial<FetchMetricWeightsOptions> = {}): Promise<string> => {
  const error: unknown = await fetchAll(more).then(
    () => 'not refused',
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(HubError);
  return (error as HubError).message;
};

describe('fetchMetricWeights', () => {
  test('brings every file under the name that PyTorch gives it, and leaves nothing else', async () => {
    const { paths, events } = await fetchAll();
    expect(paths).toEqual(names.map((name) => join(folder, metricWeightsFiles[name].name)));
    for (const [index, name] of names.entries()) {
      expect(Buffer.compare(await readFile(paths[index]!), contents[name]), name).toBe(0);
    }
    expect((await readdir(folder)).sort()).toEqual(names.map((name) => files[name].name).sort());
    const size = names.reduce((total, name) => total + contents[name].length, 0);
    expect(events[0]).toEqual({ kind: 'planned', files: 4, size, missing: size });
    expect(events.filter(({ kind }) => kind === 'file-finished')).toHaveLength(4);
    expect(events.filter(({ kind }) => kind === 'progress').length).toBeGreaterThanOrEqual(4);
  });

  test('fetches what is asked for, and nothing twice', async () => {
    await fetchAll({ names: ['lpips-alex'] });
    const { paths } = await fetchAll({ names: ['lpips-alex', 'vgg16'] });
    expect(requests).toEqual(['lpips-alex', 'vgg16']);
    expect((await fetchAll({ names: ['lpips-alex', 'vgg16'] })).events).toEqual([]);
    expect(requests).toHaveLength(2);
    expect(paths).toHaveLength(2);
  });

  test('goes on where a connection was lost, and where an earlier call was given up', async () => {
    faults.set('alexnet', ['cut off', 'status 500', 'status 500', 'status 500']);
    expect(await refusal({ names: ['alexnet'] })).toMatch(/alexnet\/?.* answered with status 500; try again/);
    expect(requests.slice(1)).toEqual(['alexnet from 100000', 'alexnet from 100000']);
    faults.clear();
    await fetchAll({ names: ['alexnet'] });
    expect(requests.at(-1)).toBe('alexnet from 100000');
    expect(Buffer.compare(await readFile(join(folder, files.alexnet.name)), contents.alexnet)).toBe(0);
  });

  test('drops the beginning where a server sends the whole file again', async () => {
    faults.set('alexnet', ['cut off', 'whole']);
    const [path] = (await fetchAll({ names: ['alexnet'] })).paths;
    expect(Buffer.compare(await readFile(path!), contents.alexnet)).toBe(0);
  });

  test.each([
    ['status 404', /answered with status 404; fetch the file by other means/],
    ['corrupt', /arrived with the sha256 [0-9a-f]{64}, not [0-9a-f]{64}; nothing of it is kept/],
  ] as const)('refuses a file with %s, and keeps nothing', async (fault, message) => {
    faults.set('vgg16', [fault]);
    expect(await refusal({ names: ['vgg16'] })).toMatch(message);
    expect((await readdir(folder)).filter((name) => name === files.vgg16.name)).toEqual([]);
  });

  test('refuses another part than asked for', async () => {
    faults.set('alexnet', ['cut off', 'wrong part']);
    expect(await refusal({ names: ['alexnet'] })).toContain('sent another part of its 2500000 bytes');
  });

  test('offline opens no connection and says what is missing', async () => {
    await fetchAll({ names: ['vgg16'] });
    requests.length = 0;
    const { paths } = await fetchAll({ names: ['vgg16'], connection: 'offline' });
    expect(paths).toEqual([join(folder, files.vgg16.name)]);
    const message = await refusal({ names: ['vgg16', 'lpips-vgg'], connection: 'offline' });
    expect(message).toBe(
      `weights of the metrics: not in ${folder}: lpips_v0.1_vgg.pth (${files['lpips-vgg'].url}); fetch them once with a connection, or copy them there`,
    );
    expect(requests).toEqual([]);
  });

  test('fetches a file of another size anew', async () => {
    await writeFile(join(folder, files['lpips-alex'].name), 'half');
    await fetchAll({ names: ['lpips-alex'] });
    expect(requests).toEqual(['lpips-alex']);
  });

  test('an abort ends it with its reason', async () => {
    const controller = new AbortController();
    const run = fetchMetricWeights({ folder, files, connection: 'online', signal: controller.signal });
    const events: MetricWeightsEvent['kind'][] = [];
    const aborted = (async () => {
      for await (const { kind } of run) {
        events.push(kind);
        if (kind === 'file-started') controller.abort(new Error('enough'));
      }
    })();
    await expect(aborted).rejects.toThrow('enough');
    expect(events).toEqual(['planned', 'file-started']);
    expect(await readdir(folder)).not.toContain(files.alexnet.name);
  });
});

describe('the published files', () => {
  test.each(names)('%s: its hash is whole, and begins as its name says', (name) => {
    const { name: fileName, url, sha256 } = metricWeightsFiles[name];
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const [, digits] = /-([0-9a-f]{8})\.pth$/.exec(fileName) ?? [];
    if (digits !== undefined) expect(sha256.startsWith(digits)).toBe(true);
    expect(url).toMatch(/^https:\/\//);
  });
});

describe('metricWeightsFolder', () => {
  test.each([
    [{}, '/home/a/.cache/dreamsteerer/metrics'],
    [{ XDG_CACHE_HOME: '/cache' }, '/cache/dreamsteerer/metrics'],
    [{ XDG_CACHE_HOME: '/cache', DREAMSTEERER_METRICS: '~/weights' }, '/home/a/weights'],
    [{ DREAMSTEERER_METRICS: ' ' }, '/home/a/.cache/dreamsteerer/metrics'],
  ])('of %j is %s', (environment, expected) => {
    expect(metricWeightsFolder(environment, '/home/a')).toBe(expected);
  });
});
