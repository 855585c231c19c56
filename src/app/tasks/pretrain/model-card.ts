import type { QualityFigure } from '../../../pocket/judging/index.ts';
import { type PocketRecipe, type Training, trainings } from '../../../pocket/training/index.ts';
import { formatDuration } from '../../cli/time-left.ts';
import { type LogLine, stepsOf } from './training-log.ts';

/** What a report writes into the card. */
export interface CardData {
  readonly figures: readonly QualityFigure[];
  readonly recipe: PocketRecipe;
  readonly logs: ReadonlyMap<Training, readonly LogLine[]>;
  readonly scalingFactor: number;
  /** How pictures were generated: "dpm-solver++, 30 steps, guidance 4". */
  readonly sampling: string;
  readonly prompts: readonly string[];
  /** Of all files of the model. */
  readonly bytes: number;
}

const BEGIN = '<!-- Written by `dreamsteerer pretrain report`: -->';
const END = '<!-- End of what `dreamsteerer pretrain report` writes. -->';

/** The card with its data part written anew; what stands around it stays. */
export function writeCard(card: string | undefined, data: CardData): string {
  const part = `${BEGIN}\n\n${dataPart(data)}\n\n${END}`;
  if (card === undefined) return `${introduction}\n\n${part}\n`;
  const [begin, end] = [card.indexOf(BEGIN), card.indexOf(END)];
  if (begin < 0 || end < begin) return `${card.trimEnd()}\n\n${part}\n`;
  return card.slice(0, begin) + part + card.slice(end + END.length);
}

/** Where a card's pictures lie beside it. */
export const cardPicture = (name: string): string => `card/${name}.png`;

const introduction = `# The pocket model

A miniature Stable Diffusion, class for class: CLIP text and vision towers, AutoencoderKL, UNet2DConditionModel, as a
folder that Python's diffusers loads too. It draws and knows one thing, the pocket world of this project. It was
trained from scratch by the project's own code on pictures that the project draws itself, with these commands:

\`\`\`
${[...trainings, 'assemble', 'report'].map((stage) => `dreamsteerer pretrain ${stage} --out pocket-training --model models/pocket`).join('\n')}
\`\`\`

Each can be stopped and started again, and goes on where it was. The tuning of the decoder and of the vision tower
leaves alone what the UNet was trained on: the encoder's latents and the text tower.`;

const dataPart = (data: CardData): string =>
  [
    `## Quality\n\n${qualityTable(data.figures)}\n\nOn scenes and prompts that no training sees. Generated with ${data.sampling}; judged by the model's own CLIP.`,
    `## Pictures\n\nPrompts, from left to right and top to bottom:\n\n${data.prompts.map((prompt, index) => `${index + 1}. ${prompt}`).join('\n')}\n\n![Generated pictures](${cardPicture('generated')})\n\nHeld-out scenes, and below each its reconstruction by the autoencoder:\n\n![Reconstructions](${cardPicture('reconstructions')})\n\nSimilarity of held-out drawings with prompts:\n\n![Similarities](${cardPicture('similarities')})`,
    `## Trainings\n\n${trainingTable(data)}\n\n${lossCurves(data)}`.trimEnd(),
    `## Recipe\n\nSeed ${data.recipe.seed}. Learning rates rise over the warmup and fall to nothing over the decay; Muon updates matrices, AdamW all else; the averages of the weights are kept, in float16. Scaling factor of the latents: ${data.scalingFactor.toPrecision(6)}, measured on ${data.recipe.scalingScenes} scenes. All files together: ${(data.bytes / 1e6).toFixed(1)} MB.\n\n${recipeTable(data.recipe)}`,
  ].join('\n\n');

const qualityTable = (figures: readonly QualityFigure[]): string =>
  table(
    ['', 'measured', 'to be reached', 'on'],
    figures.map(({ name, value, unit, bar, count }) => [
      name,
      shown(value, unit),
      bar === undefined ? '' : `≥ ${shown(bar, unit)}${value >= bar ? '' : ' (missed)'}`,
      `${count}`,
    ]),
  );

const shown = (value: number, unit: QualityFigure['unit']): string =>
  ({
    dB: `${value.toFixed(1)} dB`,
    bits: `${value.toFixed(1)} bits`,
    share: `${(100 * value).toFixed(1)} %`,
    number: value.toFixed(3),
  })[unit];

const trainingTable = ({ logs }: CardData): string =>
  table(
    ['', 'steps', 'time', 'last loss', 'machine'],
    logged(logs).map(([training, lines]) => {
      const steps = stepsOf(lines);
      const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
      const machines = new Set(lines.flatMap((line) => (line.kind === 'start' ? [line.machine] : [])));
      const last = steps.slice(-50);
      const loss = last.reduce((sum, step) => sum + step.loss, 0) / last.length;
      return [
        training,
        `${steps.at(-1)!.step}`,
        formatDuration(1000 * seconds),
        loss.toPrecision(4),
        [...machines].join('; '),
      ];
    }),
  );

const lossCurves = ({ logs }: CardData): string =>
  logged(logs)
    .map(([training]) => `![Loss of ${training}](${cardPicture(`losses-${training}`)})`)
    .join('\n\n');

/** Trainings of which there is a log with steps. */
export const logged = (logs: CardData['logs']): (readonly [Training, readonly LogLine[]])[] =>
  [...logs].filter(([, lines]) => stepsOf(lines).length > 0);

/** A row a setting, a column a training. */
function recipeTable(recipe: PocketRecipe): string {
  const settings = [...new Set(trainings.flatMap((training) => Object.keys(recipe[training])))];
  const value = (training: Training, setting: string) =>
    (recipe[training] as unknown as Readonly<Record<string, number | string | undefined>>)[setting];
  return table(
    ['', ...trainings],
    settings.map((setting) => [setting, ...trainings.map((each) => `${value(each, setting) ?? ''}`)]),
  );
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
