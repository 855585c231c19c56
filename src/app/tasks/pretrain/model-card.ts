import { type QualityFigure, shownQuality } from '../../../pocket/judging/index.ts';
import { type PocketRecipe, type Training, trainings } from '../../../pocket/training/index.ts';
import { readableDuration } from '../../readable-duration.ts';
import { CARD } from './assemble.ts';
import { changedSettings, type TrainingRecord } from './training-folder.ts';
import { type LogLine, lastLoss, stepsOf } from './training-log.ts';

/** What a report writes into the card. */
export interface CardData {
  readonly figures: readonly QualityFigure[];
  readonly recipe: PocketRecipe;
  /** Those that a log tells of. */
  readonly trainings: ReadonlyMap<Training, LoggedTraining>;
  readonly scalingFactor: number;
  /** How pictures were generated: "euler-ancestral, 30 steps, guidance 4". */
  readonly sampling: string;
  readonly prompts: readonly string[];
  /** Of all files of the model. */
  readonly bytes: number;
}

export interface LoggedTraining {
  readonly lines: readonly LogLine[];
  /** With which settings it was last run, where that is known. */
  readonly record: TrainingRecord | undefined;
}

const BEGIN = '<!-- Written by `dreamsteerer pretrain report`: -->';
const END = '<!-- End of what `dreamsteerer pretrain report` writes. -->';

/** The card with its data part written anew; what stands around it stays, and what it tells of trainings without a log. */
export function writeCard(card: string | undefined, data: CardData): string {
  const part = `${BEGIN}\n\n${dataPart(data, card?.match(trainingsPart)?.[0] ?? '')}\n\n${END}`;
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
${trainings.map((training) => `dreamsteerer pretrain ${training} --out pocket-training`).join('\n')}
dreamsteerer pretrain assemble --out pocket-training --model models/pocket
dreamsteerer pretrain report --out pocket-training --model models/pocket
\`\`\`

Each can be stopped and started again, and goes on where it was. Two of them tune what is there:
"reconstruction" the autoencoder, whose latents it holds near where they were, and "vision" the vision tower, under a
text tower that it leaves alone.`;

const trainingsPart = /^## Trainings$.*?(?=\n\n## Recipe$)/ms;

const dataPart = (data: CardData, known: string): string => `## Quality

${qualityTable(data.figures)}

On scenes and prompts that no training sees. Generated with ${data.sampling}; judged by the model's own CLIP. Attention
is held to its bar at Otsu's threshold, which no number has to be chosen for.

## Pictures

Prompts, from left to right and top to bottom:

${data.prompts.map((prompt, index) => `${index + 1}. ${prompt}`).join('\n')}

![Generated pictures](${cardPicture('generated')})

Held-out scenes, and below each its reconstruction by the autoencoder:

![Reconstructions](${cardPicture('reconstructions')})

Similarity of held-out drawings with prompts:

![Similarities](${cardPicture('similarities')})

## Trainings

${trainingsOf(data, known)}

## Recipe

Seed ${data.recipe.seed}. Learning rates rise over the warmup and fall to nothing over the decay; Muon updates matrices,
AdamW all else; the averages of the weights are kept, in float16. Scaling factor of the latents:
${data.scalingFactor.toPrecision(6)}. All files together: ${(data.bytes / 1e6).toFixed(1)} MB.

${recipeTable(data.recipe)}`;

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

/**
 * A row and a curve of each training, as `known` has them where there is no log; behind them those of trainings that
 * this version has no more.
 */
function trainingsOf(data: CardData, known: string): string {
  const rows = new Map<string, readonly string[]>();
  const kept = new Map(keptRows(known).map((row) => [row[0]!, row]));
  for (const training of trainings) {
    const logged = data.trainings.get(training);
    const row = logged ? trainingRow(training, logged, settings(data.recipe[training])) : kept.get(training);
    if (row !== undefined) rows.set(training, row);
  }
  for (const [name, row] of kept) if (!rows.has(name)) rows.set(name, row);
  const curves = [...rows.keys()].map((name) => `![Loss of ${name}](${cardPicture(`losses-${name}`)})`);
  return [table(trainingColumns, [...rows.values()]), ...curves].join('\n\n');
}

/** As earlier reports wrote them, which had fewer columns. */
const keptRows = (known: string): readonly (readonly string[])[] =>
  [...known.matchAll(/^\| \w+ \|.*$/gm)].map(([row]) => {
    const cells = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const missing = trainingColumns.length - cells.length;
    return [...cells, ...Array<string>(Math.max(0, missing)).fill('not recorded')];
  });

const trainingColumns = ['', 'steps', 'time', 'last loss', 'machine', 'settings'];

function trainingRow(
  training: Training,
  { lines, record }: LoggedTraining,
  recipe: Settings,
): readonly string[] {
  const steps = stepsOf(lines);
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  const machines = new Set(lines.flatMap((line) => (line.kind === 'start' ? [line.machine] : [])));
  return [
    training,
    `${steps.at(-1)!.step}`,
    readableDuration(1000 * seconds),
    lastLoss(steps)!.toPrecision(4),
    [...machines].join('; '),
    settingsOf(record, recipe),
  ];
}

/** How what a training was run with differs from the recipe. */
function settingsOf(record: TrainingRecord | undefined, recipe: Settings): string {
  if (record === undefined) return 'not recorded';
  const runs = [...(record.earlier ?? []), { until: undefined, recipe: record.recipe }];
  return runs
    .map(({ until, recipe: settings }) => {
      const others = changedSettings(recipe, settings).map((name) => `${name} ${settings[name]}`);
      const lacked = Object.keys(recipe).filter((name) => !(name in settings)); // the recipe had no such setting then
      const differences = [...others, ...lacked.map((name) => `no ${name}`)];
      const text = differences.length === 0 ? 'as below' : differences.join(', ');
      return until === undefined ? text : `until step ${until} ${text}`;
    })
    .join('; then ');
}

/** A row a setting, a column a training. */
function recipeTable(recipe: PocketRecipe): string {
  const columns = trainings.map((training) => settings(recipe[training]));
  const names = [...new Set(columns.flatMap(Object.keys))];
  return table(
    ['', ...trainings],
    names.map((name) => [name, ...columns.map((column) => `${column[name] ?? ''}`)]),
  );
}

type Settings = Readonly<Record<string, number>>;

const settings = (recipe: PocketRecipe[Training]): Settings => ({ ...recipe });

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(tableRow).join('\n');

const tableRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
