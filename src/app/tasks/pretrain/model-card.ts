import { type QualityFigure, shownQuality } from '../../../pocket/judging/index.ts';
import { type PocketRecipe, type Training, trainings } from '../../../pocket/training/index.ts';
import { formatDuration } from '../../cli/time-left.ts';
import { CARD } from './assemble.ts';
import { type LogLine, lastLoss, stepsOf } from './training-log.ts';

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

/** The card with its data part written anew; what stands around it stays, and its trainings if no log tells of any. */
export function writeCard(card: string | undefined, data: CardData): string {
  const known = logged(data.logs).length === 0 ? card?.match(trainingsPart)?.[0] : undefined;
  const part = `${BEGIN}\n\n${dataPart(data, known ?? trainingsOf(data))}\n\n${END}`;
  if (card === undefined) return `${introduction}\n\n${part}\n`;
  const [begin, end] = [card.indexOf(BEGIN), card.indexOf(END)];
  if (begin < 0 || end < begin) return `${card.trimEnd()}\n\n${part}\n`;
  return card.slice(0, begin) + part + card.slice(end + END.length);
}

/** Where a card's pictures lie beside it. */
export const cardPicture = (name: string): string => `${CARD}/${name}.png`;

const introduction = `# The pocket model

A miniature Stable Diffusion, class for class: CLIP text and vision towers, AutoencoderKL, UNet2DConditionModel, as a
folder that Python's diffusers loads too. It draws and knows one thing, the pocket world of this project. Such a model is
trained by the project's own code on pictures that the project draws itself, with these commands:

\`\`\`
${[...trainings, 'assemble', 'report'].map((stage) => `dreamsteerer pretrain ${stage} --out pocket-training --model models/pocket`).join('\n')}
\`\`\`

Each can be stopped and started again, and goes on where it was. The tuning of the decoder and of the vision tower
leaves alone what the UNet was trained on: the encoder's latents and the text tower.`;

const trainingsPart = /^## Trainings$.*?(?=\n\n## Recipe$)/ms;

const trainingsOf = (data: CardData): string =>
  `## Trainings\n\n${trainingTable(data)}\n\n${lossCurves(data)}`.trimEnd();

const dataPart = (data: CardData, trainings: string): string =>
  [
    `## Quality\n\n${qualityTable(data.figures)}\n\nOn scenes and prompts that no training sees. Generated with ${data.sampling}; judged by the model's own CLIP. Attention is held to its bar at Otsu's threshold, which no number has to be chosen for.`,
    `## Pictures\n\nPrompts, from left to right and top to bottom:\n\n${data.prompts.map((prompt, index) => `${index + 1}. ${prompt}`).join('\n')}\n\n![Generated pictures](${cardPicture('generated')})\n\nHeld-out scenes, and below each its reconstruction by the autoencoder:\n\n![Reconstructions](${cardPicture('reconstructions')})\n\nSimilarity of held-out drawings with prompts:\n\n![Similarities](${cardPicture('similarities')})`,
    trainings,
    `## Recipe\n\nSeed ${data.recipe.seed}. Learning rates rise over the warmup and fall to nothing over the decay; Muon updates matrices, AdamW all else; the averages of the weights are kept, in float16. Scaling factor of the latents: ${data.scalingFactor.toPrecision(6)}. All files together: ${(data.bytes / 1e6).toFixed(1)} MB.\n\n${recipeTable(data.recipe)}`,
  ].join('\n\n');

const qualityTable = (figures: readonly QualityFigure[]): string =>
  table(
    ['', 'measured', 'to be reached', 'on'],
    figures.map(({ name, value, unit, bar, count }) => [
      name,
      shownQuality(value, unit),
      bar === undefined ? '' : `≥ ${shownQuality(bar, unit)}${value >= bar ? '' : ' (missed)'}`,
      `${count}`,
    ]),
  );

const trainingTable = ({ logs }: CardData): string =>
  table(
    ['', 'steps', 'time', 'last loss', 'machine'],
    logged(logs).map(([training, lines]) => {
      const steps = stepsOf(lines);
      const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
      const machines = new Set(lines.flatMap((line) => (line.kind === 'start' ? [line.machine] : [])));
      return [
        training,
        `${steps.at(-1)!.step}`,
        formatDuration(1000 * seconds),
        lastLoss(steps)!.toPrecision(4),
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
