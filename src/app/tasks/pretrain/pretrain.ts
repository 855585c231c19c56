import { openDevice } from '../../../engine/index.ts';
import { readableBytes } from '../../readable-bytes.ts';
import { defineTask } from '../task.ts';
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
    ['vae --recipe trial --out /tmp/trial', 'tries the training out in seconds'],
  ],
  parameters: pretrainParameters,

  async *run(parameters, context): AsyncGenerator<TaskEvent, PretrainResult> {
    const { stage, threads } = parameters;
    const model = parameters.model ?? context.builtInModel;
    const device = await openDevice(parameters.device, threads === undefined ? {} : { threads });
    try {
      if (stage === 'assemble') return yield* assemble(parameters, model, device);
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

const describeFigures = ({ figures, card }: QualityReport): string =>
  [
    ...figures.map(({ name, value, bar }) => {
      const verdict = bar === undefined ? '' : value >= bar ? `  (≥ ${bar})` : `  (misses ${bar})`;
      return `${name.padEnd(40)} ${value.toFixed(3)}${verdict}`;
    }),
    card,
  ].join('\n');
