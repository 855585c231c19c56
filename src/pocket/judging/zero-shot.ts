import { ndArray } from '../../engine/index.ts';
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
  openers,
  placePhrases,
  type SubjectClass,
  subjectClasses,
  withArticle,
} from '../world/index.ts';

/** What a CLIP takes a picture to show, by its embedding. */
export interface ZeroShot {
  readonly classOf: (picture: Embedding) => SubjectClass;
  readonly backgroundOf: (picture: Embedding) => BackgroundKind;
  /** The subject's first colour, its class being known. */
  readonly colourOf: (picture: Embedding, subjectClass: SubjectClass) => ColourName;
}

/**
 * Zero-shot classification in the world's own words (Radford et al. 2021, section 3.1.4): a class is the mean of its
 * prompts with every opener and place, a place that with every opener and class, and a colour that with every opener
 * and the class: "a photo of a red cat".
 */
export async function zeroShot(instruments: Instruments, text: HeldClipText): Promise<ZeroShot> {
  const embed = async (phrases: readonly string[]): Promise<Embedding> => {
    const embeddings: Embedding[] = [];
    for (const phrase of phrases) embeddings.push(await embedCaption(instruments, text, phrase));
    return averageOf(embeddings);
  };
  const opened = (phrase: string) => openers.map((opener) => `${opener} ${phrase}`.trim());
  const scenes = new Map<string, Embedding>();
  for (const subjectClass of subjectClasses) {
    for (const kind of backgroundKinds) {
      const phrase = `${withArticle(subjectClass)} ${placePhrases[kind]}`;
      scenes.set(`${subjectClass} ${kind}`, await embed(opened(phrase)));
    }
  }
  const sceneOf = (subjectClass: SubjectClass, kind: BackgroundKind) =>
    scenes.get(`${subjectClass} ${kind}`)!;
  const classes = subjectClasses.map(
    (name) => [name, averageOf(backgroundKinds.map((kind) => sceneOf(name, kind)))] as const,
  );
  const backgrounds = backgroundKinds.map(
    (kind) => [kind, averageOf(subjectClasses.map((name) => sceneOf(name, kind)))] as const,
  );
  const colours = new Map<SubjectClass, (readonly [ColourName, Embedding])[]>();
  for (const subjectClass of subjectClasses) {
    const ofClass: (readonly [ColourName, Embedding])[] = [];
    for (const colour of colourNames) {
      ofClass.push([colour, await embed(opened(withArticle(`${colour} ${subjectClass}`)))]);
    }
    colours.set(subjectClass, ofClass);
  }
  return {
    classOf: (picture) => nearest(picture, classes),
    backgroundOf: (picture) => nearest(picture, backgrounds),
    colourOf: (picture, subjectClass) => nearest(picture, colours.get(subjectClass)!),
  };
}

function nearest<Label>(picture: Embedding, labels: readonly (readonly [Label, Embedding])[]): Label {
  const similarities = labels.map(([, embedding]) => cosineSimilarity(picture, embedding));
  return labels[similarities.indexOf(Math.max(...similarities))]![0];
}

/** The direction of the mean, of length 1. */
export function averageOf(embeddings: readonly Embedding[]): Embedding {
  const sum = embeddings[0]!.data.map((_, at) =>
    embeddings.reduce((total, { data }) => total + data[at]!, 0),
  );
  const length = Math.hypot(...sum);
  return ndArray(
    'float32',
    [sum.length],
    sum.map((value) => value / length),
  );
}
