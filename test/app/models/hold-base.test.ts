import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { holdBase } from '../../../src/app/models/hold-base.ts';
import type { OpenedModel } from '../../../src/app/models/open-model.ts';
import { parseUnetConfig } from '../../../src/networks/unet/index.ts';
import { tinyPipeline } from '../../methods/personalization/tiny-pipeline.ts';

test('a caller that stops while a model is loaded leaves no device open', async () => {
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  const { family, schedulerConfig, unet } = tinyPipeline;
  const checkpoint = { family, schedulerConfig, unet: { config: parseUnetConfig(unet.configJson) } };
  const opened = { checkpoint } as unknown as OpenedModel;
  for await (const event of holdBase(opened, { device: 'cpu', signal: undefined })) {
    expect(event).toMatchObject({ stage: 'Loading the model (cpu)' });
    break;
  }
  expect(terminate).toHaveBeenCalledOnce();
});
