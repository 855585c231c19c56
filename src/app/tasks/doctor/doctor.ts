import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, homedir, totalmem } from 'node:os';
import sharp from 'sharp';
import { z } from 'zod';
import {
  type ConcreteDeviceName,
  fromNested,
  listDevices,
  multiply,
  openDevice,
  spec,
} from '../../../engine/index.ts';
import { lpipsFiles, metricWeightsFiles, metricWeightsFolder } from '../../../files/metric-weights/index.ts';
import type { LpipsNetwork } from '../../../networks/lpips/index.ts';
import { isThere } from '../../models/is-there.ts';
import { version } from '../../package-facts.ts';
import { readableBytes } from '../../readable-bytes.ts';
import { defineTask } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { type CachedModel, listCachedModels } from './list-cached-models.ts';

export interface Diagnosis {
  readonly versions: Readonly<Record<string, string>>;
  readonly system: { readonly platform: string; readonly processor: string; readonly cores: number };
  /** Bytes; `limit` where the system grants this process less than there is. */
  readonly memory: { readonly total: number; readonly free: number; readonly limit: number | undefined };
  readonly devices: readonly DeviceTrial[];
  readonly builtInModel: { readonly path: string; readonly state: 'there' | 'absent' };
  readonly hub: { readonly cacheFolder: string; readonly endpoint: string; readonly connection: string };
  readonly cachedModels: readonly CachedModel[];
  /** Whether LPIPS can be measured, by its network. */
  readonly lpips: { readonly folder: string; readonly networks: readonly LpipsNetwork[] };
}

export interface DeviceTrial {
  readonly device: ConcreteDeviceName;
  /** What a small program on it came to. */
  readonly works: boolean;
  readonly reason: string;
}

/** What this machine has of all that DreamSteerer needs. */
export const doctor = defineTask({
  summary: 'Show what this machine offers: devices, memory, cached models, versions',
  examples: [['', 'tries every device and lists what lies in the model cache']],
  parameters: z.object({}),

  async *run(_, { hub, builtInModel, signal }): AsyncGenerator<TaskEvent, Diagnosis> {
    const devices: DeviceTrial[] = [];
    for (const device of listDevices()) {
      signal?.throwIfAborted();
      yield { kind: 'stage', stage: `Trying ${device}` };
      devices.push(await tryDevice(device));
    }
    yield { kind: 'stage', stage: 'Looking into the model cache' };
    const { cacheFolder, endpoint, connection } = hub;
    return {
      versions: {
        dreamsteerer: version,
        node: process.versions.node,
        'onnxruntime-node': createRequire(import.meta.url)('onnxruntime-node/package.json').version,
        sharp: sharp.versions.sharp ?? 'unknown',
      },
      system: {
        platform: `${process.platform} ${process.arch}`,
        processor: cpus()[0]?.model.trim() ?? 'unknown',
        cores: availableParallelism(),
      },
      memory: { total: totalmem(), free: freemem(), limit: memoryLimit() },
      devices,
      builtInModel: { path: builtInModel, state: (await isThere(builtInModel)) ? 'there' : 'absent' },
      hub: { cacheFolder, endpoint, connection },
      cachedModels: await listCachedModels(cacheFolder),
      lpips: await findLpips(metricWeightsFolder(process.env, homedir())),
    };
  },

  describe(diagnosis) {
    const { versions, system, memory, devices, builtInModel, hub, cachedModels, lpips } = diagnosis;
    const limit = memory.limit === undefined ? '' : `, this process may use ${readableBytes(memory.limit)}`;
    return [
      `versions   ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
      `system     ${system.platform}, ${system.processor}, ${system.cores} cores`,
      `memory     ${readableBytes(memory.total)}, ${readableBytes(memory.free)} free${limit}`,
      ...devices.map(
        ({ device, works, reason }, index) =>
          `${index === 0 ? 'devices' : '       '}    ${device}: ${works ? 'works' : `does not work (${reason})`}`,
      ),
      `model      built-in: ${builtInModel.state === 'there' ? builtInModel.path : 'not part of this installation'}`,
      `hub        ${hub.endpoint}, ${hub.connection}`,
      `cache      ${hub.cacheFolder}${cachedModels.length === 0 ? ', no models' : ''}`,
      ...cachedModels.map(({ id, bytes }) => `           ${id}, ${readableBytes(bytes)}`),
      `LPIPS      ${lpips.networks.length === 0 ? 'no weights; "dreamsteerer metrics fetch" gets them' : lpips.networks.join(', ')} (${lpips.folder})`,
    ].join('\n');
  },
});

async function findLpips(folder: string): Promise<Diagnosis['lpips']> {
  const names = new Set(await readdir(folder).catch(() => []));
  const networks = (Object.keys(lpipsFiles) as LpipsNetwork[]).filter((network) =>
    lpipsFiles[network].every((file) => names.has(metricWeightsFiles[file].name)),
  );
  return { folder, networks };
}

/** Runs a small program: that there is code for a device does not say that there is a device. */
async function tryDevice(name: ConcreteDeviceName): Promise<DeviceTrial> {
  try {
    const device = await openDevice(name);
    try {
      const program = await device.compile((x) => multiply(x, 2), spec([2]));
      const { data } = await program.run(fromNested([1, 2]));
      if (data[0] === 2 && data[1] === 4) return { device: name, works: true, reason: '' };
      return { device: name, works: false, reason: `2 · [1, 2] came out as [${data.join(', ')}]` };
    } finally {
      await device.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { device: name, works: false, reason: reasonIn(message) };
  }
}

/** ONNX Runtime puts source lines and the condition that failed before what happened. */
const reasonIn = (message: string): string => message.split('\n')[0]!.replace(/^.*was false\. /, '');

/** Containers grant less than the machine has. */
function memoryLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : undefined;
}
