import { homedir } from 'node:os';
import { z } from 'zod';
import {
  fetchMetricWeights,
  type MetricWeightsEvent,
  metricWeightsFolder,
} from '../../../files/metric-weights/index.ts';
import { downloadEvents, locateClip } from '../../models/locate-model.ts';
import { hints } from '../parameters/shared-parameters.ts';
import { defineTask } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';

export interface MetricFiles {
  readonly folder: string;
  /** Paths of LPIPS' files. */
  readonly files: readonly string[];
  /** Folders of CLIP models, by what the hub calls them. */
  readonly clips: { readonly [id: string]: string };
}

/** What edits are measured with, beside what needs no weights. */
export const metrics = defineTask({
  summary: 'Fetch the weights that metrics measure with: LPIPS, and CLIP models',
  examples: [
    ['fetch', 'LPIPS (800 MB), and CLIP ViT-B/32 (600 MB) into the cache that Python shares'],
    ['fetch --clip openai/clip-vit-large-patch14', 'with another CLIP model'],
  ],
  parameters: z.object({
    action: z
      .enum(['fetch'])
      .describe('What is done')
      .meta(hints({ argument: true })),
    folder: z
      .string()
      .min(1)
      .optional()
      .describe('Where the files of LPIPS go')
      .meta(hints({ placeholder: 'folder', defaultText: 'DREAMSTEERER_METRICS, or the cache' })),
    clips: z
      .array(z.string().min(1))
      .default(['openai/clip-vit-base-patch32'])
      .describe('CLIP model of the hub')
      .meta(hints({ item: 'clip', placeholder: 'id', defaultText: 'openai/clip-vit-base-patch32' })),
  }),

  async *run(parameters, context): AsyncGenerator<TaskEvent, MetricFiles> {
    const { hub, signal } = context;
    const folder = parameters.folder ?? metricWeightsFolder(process.env, homedir());
    const files = yield* downloadEvents(
      'Fetching the weights of LPIPS',
      fetchMetricWeights({ folder, connection: hub.connection, ...(signal && { signal }) }) as AsyncGenerator<
        MetricWeightsEvent,
        readonly string[]
      >,
    );
    const clips: { [id: string]: string } = {};
    for (const id of parameters.clips) clips[id] = yield* locateClip(id, context);
    return { folder, files, clips };
  },

  describe: ({ files, clips }) =>
    [...files, ...Object.entries(clips).map(([id, folder]) => `${id}: ${folder}`)].join('\n'),
});
