import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Device, DeviceName } from '../../../engine/index.ts';
import {
  hashModel,
  hashParameters,
  openClip,
  type StableDiffusion,
} from '../../../files/checkpoints/index.ts';
import { metricWeightsFolder, openLpipsWeights } from '../../../files/metric-weights/index.ts';
import { holdNetwork } from '../../../methods/diffusion/held-model.ts';
import { holdClip, type InstrumentNetworks, Instruments } from '../../../methods/evaluation/index.ts';
import type { PersonalizationBase } from '../../../methods/personalization/index.ts';
import { holdBase } from '../../models/hold-base.ts';
import { isThere } from '../../models/is-there.ts';
import { lastPart, type OpenedModel } from '../../models/open-model.ts';
import { presetOf, sideOf } from '../../models/preset-of.ts';
import type { TaskEvent } from '../../tasks/task-event.ts';
import { contentHash, type PlainData } from '../plan/content-hash.ts';
import type { BenchmarkIdentity } from '../plan/make-jobs.ts';

export interface WorkbenchOptions {
  readonly device: DeviceName;
  readonly threads?: number | undefined;
  /** Folders of CLIP models. Default: the model's own, if it has a vision tower. */
  readonly clips: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Everything that is opened once a process: the model, and what edits are measured with. */
export interface Workbench {
  readonly identity: BenchmarkIdentity;
  readonly title: string;
  readonly checkpoint: StableDiffusion;
  readonly base: PersonalizationBase;
  /** What a concept's card says that it was learned on. */
  readonly baseHash: string;
  /** Side of pictures as the model was trained with, in pixels. */
  readonly side: number;
  /** The first has all networks that there are; each further one another CLIP, after which its figures are called. */
  readonly instruments: readonly NamedInstruments[];
  dispose(): Promise<void>;
}

export interface NamedInstruments {
  readonly name: string;
  readonly instruments: Instruments;
}

/** Loads the model and the instruments onto a device. The opened model has to stay open as long as the workbench. */
export async function* openWorkbench(
  opened: OpenedModel,
  options: WorkbenchOptions,
): AsyncGenerator<TaskEvent, Workbench, undefined> {
  const { title, checkpoint } = opened;
  yield { kind: 'stage', stage: 'Hashing the model' };
  const baseHash = await hashModel(checkpoint);
  const vaeHash = await hashParameters({ vae: checkpoint.vae });
  const { base, close } = yield* holdBase(opened, { ...options, signal: options.signal });
  try {
    const { instruments, identity } = yield* openInstruments(base.model.device, checkpoint, options);
    return {
      ...{ title, checkpoint, baseHash, base, instruments },
      side: sideOf(checkpoint),
      identity: {
        preset: presetOf(checkpoint),
        model: contentHash({ base: baseHash, vae: vaeHash, scheduler: checkpoint.schedulerConfig }),
        instruments: identity,
      },
      async dispose() {
        for (const each of instruments) await each.instruments.dispose();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface FoundInstruments {
  readonly instruments: readonly NamedInstruments[];
  readonly identity: PlainData;
}

async function* openInstruments(
  device: Device,
  { name }: StableDiffusion,
  { clips }: WorkbenchOptions,
): AsyncGenerator<TaskEvent, FoundInstruments, undefined> {
  yield { kind: 'stage', stage: 'Loading what edits are measured with' };
  const own = (await isThere(join(name, 'image_encoder'))) ? [name] : [];
  const folders = clips.length > 0 ? clips : own;
  const identity: { name: string; hash: string }[] = [];
  const held: (readonly [folder: string, clip: Awaited<ReturnType<typeof holdClip>>])[] = [];
  for (const folder of new Set([...folders, ...own])) {
    const opened = await openClip(folder);
    const hash = await hashParameters({
      vision: opened.vision,
      ...(opened.text && { text: opened.text }),
    });
    identity.push({ name: own.includes(folder) ? 'pocket CLIP' : lastPart(folder), hash });
    held.push([folder, await holdClip(device, opened)]);
    await opened.close();
  }
  const clipOf = (folder: string | undefined) => held.find(([each]) => each === folder)?.[1];
  const lpips = yield* openLpips(device);
  const [clip, pocketClip] = [clipOf(folders[0]), clipOf(own[0])];
  const first: InstrumentNetworks = { ...lpips, ...(clip && { clip }), ...(pocketClip && { pocketClip }) };
  if (clip === undefined) {
    yield {
      kind: 'warning',
      message:
        'no CLIP model is named (--clip), so concept similarity is not measured, nor anything at equal one',
    };
  }
  const further = folders.slice(1).map((folder) => ({
    name: lastPart(folder),
    instruments: new Instruments(device, { clip: clipOf(folder)! }),
  }));
  return {
    instruments: [
      { name: lastPart(folders[0] ?? ''), instruments: new Instruments(device, first) },
      ...further,
    ],
    identity: [...identity, ...Object.keys(lpips)],
  };
}

/** LPIPS where its weights are, which is no matter of course. */
async function* openLpips(device: Device): AsyncGenerator<TaskEvent, InstrumentNetworks, undefined> {
  const folder = metricWeightsFolder(process.env, homedir());
  const networks: { lpipsAlex?: InstrumentNetworks['lpipsAlex']; lpipsVgg?: InstrumentNetworks['lpipsVgg'] } =
    {};
  for (const [name, network] of [
    ['lpipsAlex', 'alex'],
    ['lpipsVgg', 'vgg'],
  ] as const) {
    const weights = await openLpipsWeights(folder, network).catch((error: Error) => error);
    if (weights instanceof Error) {
      yield { kind: 'note', message: `LPIPS (${network}) is left out: ${weights.message}` };
      continue;
    }
    networks[name] = await holdNetwork(device, weights);
    await weights.close();
  }
  return networks as InstrumentNetworks;
}
