import { fold } from '../../../engine/index.ts';
import type { PersonalizeEvent } from '../personalize-options.ts';
import { generateClassPictures } from './class-pictures.ts';
import { encodeExamples } from './encode-examples.ts';
import type { Run } from './personalization-run.ts';
import { classPrompt, promptsOf } from './prompts.ts';
import type { ExampleSource } from './training-batches.ts';

/** The references, and the class pictures where the prior is preserved, as encoded examples. */
export async function* prepareSources(run: Run): AsyncGenerator<PersonalizeEvent, readonly ExampleSource[]> {
  const { base, options, key, size } = run;
  const { concept, training, references, classPictures = [], signal } = options;
  const { batchSize, wordings, prior, crop, augmentation } = training;
  const shared = { crop, size, ...(signal && { signal }) };
  const prompted = references.map(({ picture, caption }) => ({
    picture,
    prompts: promptsOf(concept.phrase, wordings, caption),
  }));
  const examples = yield* encodeExamples(base.model, prompted, {
    ...shared,
    augmentation,
    key: fold(key, 'views'),
  });
  const own: ExampleSource = { examples, count: batchSize, weight: 1, key: fold(key, 'references') };
  if (prior.kind === 'none') return [own];

  const prompt = classPrompt(concept.classWord);
  const given = classPictures.slice(0, prior.pictures);
  const generated = yield* generateClassPictures(base, {
    ...options.generation,
    prompt,
    from: given.length,
    to: prior.pictures,
    size,
    key: fold(key, 'class pictures'),
    ...(signal && { signal }),
  });
  const pictures = [
    ...given.map(({ picture, caption = prompt }) => ({ picture, prompts: [caption] })),
    ...generated.map((picture) => ({ picture, prompts: [prompt] })),
  ];
  const classExamples = yield* encodeExamples(base.model, pictures, {
    ...shared,
    augmentation: 'none',
    key: fold(key, 'class views'),
  });
  const { batchSize: count, weight } = prior;
  return [own, { examples: classExamples, count, weight, key: fold(key, 'class') }];
}
