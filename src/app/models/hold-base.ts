import { Owner, openDevice } from '../../engine/index.ts';
import { parseSchedulerConfig, readScheduler } from '../../methods/diffusion/index.ts';
import type { PersonalizationBase } from '../../methods/personalization/index.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import { holdForTask } from './hold-for-task.ts';
import type { OpenedModel } from './open-model.ts';
import { presetOf } from './preset-of.ts';
import { usualSampling } from './usual-sampling.ts';

export interface HoldBaseOptions {
  readonly device: 'auto' | 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';
  readonly threads?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface HeldBase {
  readonly base: PersonalizationBase;
  /** Frees the device with all that it holds. */
  close(): Promise<void>;
}

/** Opens a device and reads a model onto it, to be personalized, steered or edited with; it draws as `generate` does. */
export async function* holdBase(
  { checkpoint, tokenizer }: OpenedModel,
  { device: name, threads, signal }: HoldBaseOptions,
): AsyncGenerator<TaskEvent, HeldBase> {
  const { sampler } = usualSampling[presetOf(checkpoint)];
  const scheduler = readScheduler(parseSchedulerConfig(checkpoint.schedulerConfig), sampler);
  await using owner = new Owner();
  const device = await openDevice(name, threads === undefined ? {} : { threads });
  owner.defer(() => device.close());
  yield { kind: 'stage', stage: `Loading the model (${device.name})` };
  const model = await holdForTask(device, checkpoint, checkpoint, signal);
  return { base: { model, tokenizer, scheduler }, close: owner.move().dispose };
}
