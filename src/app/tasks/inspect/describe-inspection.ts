import type {
  CheckpointInspection,
  CustomDiffusionInspection,
  EmbeddingInspection,
  Inspection,
  InspectionKind,
  LoraInspection,
  ModelInspection,
  NetworkInspection,
  PictureInspection,
  TokenInspection,
} from './inspection.ts';

/** An inspection for people: a heading, and a line a fact. */
export function describeInspection(inspection: Inspection): string {
  const describe = descriptions[inspection.kind] as (inspection: Inspection) => readonly string[];
  const metadata = 'metadata' in inspection ? Object.entries(inspection.metadata) : [];
  return [
    ...describe(inspection),
    ...('concept' in inspection && inspection.concept ? describeConcept(inspection.concept) : []),
    ...(metadata.length === 0 ? [] : ['metadata']),
    ...metadata.map(([name, value]) => `  ${name}: ${shortened(value)}`),
  ].join('\n');
}

const descriptions: {
  readonly [K in InspectionKind]: (inspection: Extract<Inspection, { kind: K }>) => readonly string[];
} = {
  model: describeModel,
  LoRA: describeLora,
  embedding: describeEmbedding,
  'Custom Diffusion': describeCustomDiffusion,
  picture: describePicture,
};

function describeModel(model: ModelInspection & { readonly path: string }): string[] {
  const { nativeSize, prediction, tokenizer } = model;
  return [
    `${model.path}: a model, ${model.family}, ${model.layout}`,
    ...model.networks.flatMap(describeNetwork),
    ...fact(
      'made for',
      nativeSize === undefined ? undefined : `pictures of ${nativeSize} x ${nativeSize} pixels`,
    ),
    ...fact('predicts', prediction),
    ...fact('tokenizer', tokenizer === undefined ? 'none' : `${tokenizer.tokens} tokens`),
    ...(tokenizer?.placeholders ?? []).map(
      ({ token, vectors }) => `  word ${JSON.stringify(token)}, ${counted(vectors, 'vector')}`,
    ),
    ...model.assumptions.map((assumption) => `  assumed: ${assumption}`),
  ];
}

function describeNetwork({ network, parameters, dtypes, surplus, leftAside }: NetworkInspection): string[] {
  return [
    `  ${network}: ${millions(parameters)} parameters, ${Object.keys(dtypes).join(' and ')}`,
    ...limited(
      surplus.map(
        ({ name, nearest }) =>
          `    surplus: ${name}${nearest === undefined ? '' : ` (the nearest that has a place: ${nearest})`}`,
      ),
    ),
    ...limited(leftAside.map((name) => `    left aside: ${name}`)),
  ];
}

function describeLora(lora: LoraInspection & { readonly path: string }): string[] {
  const { ranks, alphas, networks, targets, unknownKeys } = lora;
  return [
    `${lora.path}: a LoRA in the layout of ${lora.layout}`,
    `  rank ${ranks.join(', ')}${alphas.length === 0 ? '' : `, alpha ${alphas.join(', ')}`}`,
    ...networks.map(({ network, layers }) => `  ${network}: ${counted(layers, 'layer')}`),
    `  targets: ${tallied(targets)}`,
    ...limited(unknownKeys.map((key) => `  unknown key: ${key}`)),
  ];
}

function describeEmbedding({
  path,
  layout,
  tokens,
}: EmbeddingInspection & { readonly path: string }): string[] {
  return [
    `${path}: ${tokens.length === 1 ? 'a learned embedding' : `${tokens.length} learned embeddings`} in the layout of ${layout}`,
    ...tokens.map(describeToken),
  ];
}

function describeCustomDiffusion(custom: CustomDiffusionInspection & { readonly path: string }): string[] {
  return [
    `${custom.path}: Custom Diffusion in the layout of ${custom.layout}`,
    `  replaces ${counted(custom.weights, 'weight')}, ${millions(custom.parameters)} parameters: ${tallied(custom.targets)}`,
    ...custom.tokens.map(describeToken),
    ...limited(custom.unknownKeys.map((key) => `  unknown key: ${key}`)),
  ];
}

/** The families' text encoders differ in width. */
const families: ReadonlyMap<number, string> = new Map([
  [768, ', for SD 1.x'],
  [1024, ', for SD 2.x'],
]);

const describeToken = ({ token, tokenFrom, vectors, size, dtype }: TokenInspection): string =>
  `  word ${JSON.stringify(token)} (from ${tokenFrom}): ${counted(vectors, 'vector')} of ${size} ${dtype}${families.get(size) ?? ''}`;

function describeConcept(concept: NonNullable<CheckpointInspection['concept']>): string[] {
  if ('damaged' in concept) return [`  concept: ${concept.damaged}`];
  const { phrase, classWord, method, steps, seed, base, tokens } = concept;
  const began = tokens.map(
    ({ word, initializer }) => `${JSON.stringify(word)} as ${JSON.stringify(initializer)}`,
  );
  return [
    `  concept: ${JSON.stringify(phrase)}, one of ${JSON.stringify(classWord)}`,
    `  learned: by ${method.kind} in ${counted(steps, 'step')} on the model ${JSON.stringify(base.name)}, seed ${seed}`,
    ...fact('began', began.length === 0 ? undefined : began.join(', ')),
  ];
}

function describePicture(picture: PictureInspection & { readonly path: string }): string[] {
  const { settings, recipe } = picture;
  const alpha = picture.transparency === 'none' ? '' : ', with transparency';
  return [
    `${picture.path}: a ${picture.format} picture of ${picture.width} x ${picture.height} pixels${alpha}`,
    ...fact('profile', picture.profile),
    ...picture.changes.map((change) => `  when read: ${change}`),
    ...fact('prompt', settings?.prompt),
    ...fact('negative prompt', settings?.negativePrompt === '' ? undefined : settings?.negativePrompt),
    ...Object.entries(settings?.settings ?? {}).map(([name, value]) => `  ${name}: ${value}`),
    ...(recipe === undefined ? [] : [`  recipe: ${JSON.stringify(recipe)}`]),
    ...(settings === undefined && recipe === undefined ? ['  says nothing about how it was made'] : []),
  ];
}

const fact = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [`  ${name}: ${value}`];

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const millions = (count: number): string => (count < 1e6 ? `${count}` : `${(count / 1e6).toFixed(1)} M`);

const tallied = (targets: Readonly<Record<string, number>>): string =>
  Object.entries(targets)
    .map(([name, count]) => `${name} (${count})`)
    .join(', ');

/** A file of another model has hundreds. */
const MOST_LINES = 12;

const limited = (lines: readonly string[]): readonly string[] =>
  lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), `    and ${lines.length - MOST_LINES} more (--json shows all)`];

/** kohya keeps kilobytes of tags. */
const LONGEST_VALUE = 160;

const shortened = (value: string): string =>
  value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE)}… (--json shows all)`;
