import { type DeviceName, Owner } from '../../../engine/index.ts';
import type { StableDiffusion } from '../../../files/checkpoints/index.ts';
import type { PersonalizationBase } from '../../../methods/personalization/index.ts';
import { hashOpenedModel } from '../../models/hash-opened-model.ts';
import { holdBase } from '../../models/hold-base.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import { presetOf, sideOf } from '../../models/preset-of.ts';
import { contentHash, type PlainData } from '../../runs/content-hash.ts';
import type { TaskEvent } from '../../tasks/task-event.ts';
import type { BenchmarkIdentity } from '../plan/make-jobs.ts';
import { type NamedClip, type NamedInstruments, openInstruments } from './open-instruments.ts';

export interface WorkbenchOptions {
  readonly device: DeviceName;
  readonly threads?: number | undefined;
  /** What concept similarity is measured with. Default: the model's own, if it has a vision tower. */
  readonly clips: readonly NamedClip[];
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

/** Loads the model and the instruments onto a device. The opened model has to stay open as long as the workbench. */
export async function* openWorkbench(
  opened: OpenedModel,
  options: WorkbenchOptions,
): AsyncGenerator<TaskEvent, Workbench, undefined> {
  const { title, checkpoint } = opened;
  yield { kind: 'stage', stage: 'Hashing the model' };
  const hashes = await hashOpenedModel(opened);
  await using owner = new Owner();
  const { base, close } = yield* holdBase(opened, { ...options, signal: options.signal });
  owner.defer(close);
  const { instruments, identity } = yield* openInstruments(base.model.device, checkpoint.name, options.clips);
  for (const each of instruments) owner.use(each.instruments);
  const configs = [checkpoint.unet, checkpoint.vae, checkpoint.textEncoder].map(({ config }) => config);
  return {
    title,
    checkpoint,
    baseHash: hashes.model,
    base,
    instruments,
    side: sideOf(checkpoint),
    identity: {
      preset: presetOf(checkpoint),
      model: contentHash({ hashes, configs } as unknown as PlainData),
      instruments: identity,
    },
    dispose: owner.move().dispose,
  };
}
