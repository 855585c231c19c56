import { openDevice } from '../../../engine/index.ts';
import { shownQuality } from '../../../pocket/judging/index.ts';
import { readableBytes } from '../../readable-bytes.ts';
import { defineTask, ParameterError } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { type AssembledModel, assemble } from './assemble.ts';
import { pretrainParameters } from './parameters.ts';
import { type QualityReport, report } from './report.ts';
import { type TrainingResult, train } from './train.ts';

export type PretrainResult = TrainingResult | AssembledModel | QualityReport;

/** The trainings of the built-in model, its assembly and its judgement. */
export const pretrain = defineTask({
  summary: 'Train the built-in model from scratch, put it together and judge it',
  examples: [
    ['vae', 'trains the autoencoder, from where an earlier run stopped'],
    ['unet --steps 30000', 'more steps than the recipe has'],
    ['unet --start models/pocket --out tuned', 'goes on from a model whose trainings are not at hand'],
    ['assemble --model models/pocket', 'writes the model as a diffusers folder in float16'],
    ['report --model models/pocket', 'measures its quality and writes the model card'],
    ['report --scenes 50 --prompts 20', 'measures that of the built-in model roughly, and writes nothing'],
    ['vae --recipe trial --out /tmp/trial', 'tries the training out in seconds'],
  ],
  parameters: pretrainParameters,

  async *run(parameters, context): AsyncGenerator<TaskEvent, PretrainResult> {
    const { stage, threads } = parameters;
    if (stage === 'assemble' && parameters.model === undefined) {
      throw new ParameterError('model', 'assemble writes a model; name the folder that it goes to');
    }
    const model = parameters.model ?? context.builtInModel;
    const device = await openDevice(parameters.device, threads === undefined ? {} : { threads });
    try {
      if (stage === 'assemble') return yield* assemble(parameters, model, device, context);
      if (stage === 'report') return yield* report(parameters, model, device, context);
      return yield* train(stage, parameters, device, context);
    } finally {
      await device.close();
    }
  },

  describe(result) {
    if (result.stage === 'assemble') return `${result.model}: ${readableBytes(result.bytes)}`;
    if (result.stage === 'report') return describeFigures(result);
    const loss = result.loss === undefined ? '' : `, loss ${result.loss.toPrecision(4)}`;
    return `${result.state}: step ${result.steps}${loss}`;
  },
});

function describeFigures({ figures, card }: QualityReport): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const lines = figures.map(({ name, value, unit, bar }) => {
    const reached = bar !== undefined && value >= bar ? '≥' : 'misses';
    const verdict = bar === undefined ? '' : `  (${reached} ${shownQuality(bar, unit)})`;
    return `${name.padEnd(width)}  ${shownQuality(value, unit)}${verdict}`;
  });
  return [...lines, card ?? 'The model card is written where the model is named, with --model'].join('\n');
}
