import { z } from 'zod';
import { detectPictureFormat } from '../../../files/images/index.ts';
import { locateConceptPath } from '../../models/locate-model.ts';
import { defineTask } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { describeInspection } from './describe-inspection.ts';
import { inspectCheckpoint } from './inspect-checkpoint.ts';
import { inspectPicture } from './inspect-picture.ts';
import type { Inspection } from './inspection.ts';
import { readBeginning } from './read-beginning.ts';

/** What a checkpoint or a picture contains. */
export const inspect = defineTask({
  summary: 'Show what a checkpoint or a picture contains',
  examples: [
    ['model.safetensors', 'networks, sizes, types, what is surplus'],
    ['cat.png', 'size, profile, and the settings that it was made with'],
    ['pytorch_lora_weights.safetensors', 'rank, targets and metadata'],
    ['stable-diffusion-v1-5/stable-diffusion-v1-5', 'a model of the hub, which is downloaded first'],
    ['someone/styles/watercolour.safetensors', 'a file in a repository of the hub'],
  ],
  parameters: z.object({
    file: z
      .string()
      .min(1)
      .describe(
        'Checkpoint, folder of one, picture, or id on the hub of a model or a concept (organisation/name or organisation/name/file)',
      )
      .meta({ argument: true, placeholder: 'path or id' }),
    variant: z
      .enum(['full', 'fp16'])
      .default('full')
      .describe('Which weights are taken of a model that has both'),
  }),

  async *run({ file, variant }, context): AsyncGenerator<TaskEvent, Inspection> {
    const path = yield* locateConceptPath(file, context, variant);
    yield { kind: 'stage', stage: `Opening ${file}` };
    const format = pictureFormatOf(await readBeginning(path));
    return format === undefined ? inspectCheckpoint(path, variant) : inspectPicture(path, format);
  },

  describe: describeInspection,
});

/** Undefined for what is no picture. */
function pictureFormatOf(beginning: Uint8Array) {
  try {
    return detectPictureFormat(beginning);
  } catch {
    return undefined;
  }
}
