import {
  cosineSimilarity,
  type Embedding,
  embedCaption,
  type HeldClipText,
  type Instruments,
} from '../../methods/evaluation/index.ts';
import {
  type BackgroundKind,
  backgroundKinds,
  type ColourName,
  colourNames,
  placePhrases,
  type SubjectClass,
  subjectClasses,
  withArticle,
} from '../world/index.ts';

/** What a CLIP takes a picture to show, by its embedding. */
export interface ZeroShot {
  readonly classOf: (picture: Embedding) => SubjectClass;
  readonly backgroundOf: (picture: Embedding) => BackgroundKind;
  /** The subject's first colour, its class being known or not. */
  readonly colourOf: (picture: Embedding, subjectClass?: SubjectClass) => ColourName;
}

/**
 * Zero-shot classification in the world's own words (Radford et al. 2021, section 3.1): every class, colour and place
 * together make a prompt, "a photo of a red cat on the beach", the softmax of the similarities at CLIP's first
 * temperature its probability, and that of a label the sum over all prompts with it. So a place is not compared with a
 * mean over subjects that the picture does not show.
 */
export async function zeroShot(instruments: Instruments, text: HeldClipText): Promise<ZeroShot> {
  const prompts: Prompt[] = [];
  for (const subjectClass of subjectClasses) {
    for (const colour of colourNames) {
      for (const background of backgroundKinds) {
        const caption = `a photo of ${withArticle(`${colour} ${subjectClass}`)} ${placePhrases[background]}`;
        const embedding = await embedCaption(instruments, text, caption);
        prompts.push({ subjectClass, colour, background, embedding });
      }
    }
  }
  return {
    classOf: (picture) => mostProbable(picture, prompts, ({ subjectClass }) => subjectClass),
    backgroundOf: (picture) => mostProbable(picture, prompts, ({ background }) => background),
    colourOf: (picture, subjectClass) =>
      mostProbable(
        picture,
        prompts.filter((prompt) => subjectClass === undefined || prompt.subjectClass === subjectClass),
        ({ colour }) => colour,
      ),
  };
}

interface Prompt {
  readonly subjectClass: SubjectClass;
  readonly colour: ColourName;
  readonly background: BackgroundKind;
  readonly embedding: Embedding;
}

/** CLIP's temperature before training (Radford et al. 2021, section 2.5): files do not keep the learned one. */
const temperature = 0.07;

function mostProbable<Label>(
  picture: Embedding,
  prompts: readonly Prompt[],
  labelOf: (prompt: Prompt) => Label,
): Label {
  const weights = new Map<Label, number>();
  for (const prompt of prompts) {
    const weight = Math.exp(cosineSimilarity(picture, prompt.embedding) / temperature);
    const label = labelOf(prompt);
    weights.set(label, (weights.get(label) ?? 0) + weight);
  }
  const [[label]] = [...weights].sort(([, a], [, b]) => b - a) as [[Label, number]];
  return label;
}
