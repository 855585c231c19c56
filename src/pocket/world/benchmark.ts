import { fold, permutation, type RandomKey, randomKey } from '../../engine/arrays/index.ts';
import { promptOf } from './caption.ts';
import { chanceFrom } from './chance.ts';
import { randomConcept } from './random-appearance.ts';
import { randomPose, randomScene } from './random-scene.ts';
import {
  type BackgroundKind,
  backgroundKinds,
  type Concept,
  type Scene,
  type SubjectClass,
} from './scene.ts';
import { withAppearance } from './with-appearance.ts';

/** A concept with the pictures that it is learned from. */
export interface BenchmarkConcept {
  readonly concept: Concept;
  readonly references: readonly Scene[];
}

/** A picture to be edited. */
export interface BenchmarkSource {
  readonly name: string;
  readonly scene: Scene;
  /** "a photo of a cat on the grass" */
  readonly sourcePrompt: string;
  /** "a photo of a {concept} on the grass": {concept} stands for all that names the concept. */
  readonly targetPrompt: string;
}

/** One edit, with the right answer; the masks are those of the source and of the oracle, rendered. */
export interface BenchmarkPair {
  readonly concept: string;
  readonly source: string;
  readonly oracle: Scene;
}

export interface BenchmarkSet {
  readonly concepts: readonly BenchmarkConcept[];
  readonly sources: readonly BenchmarkSource[];
  /** The edits: of each source into some or all concepts of its class. */
  readonly pairs: readonly BenchmarkPair[];
}

/** Per class: how many concepts and how many sources. */
type Counts = readonly (readonly [subjectClass: SubjectClass, concepts: number, sources: number])[];

const fullCounts: Counts = [
  ['cat', 2, 8],
  ['dog', 2, 8],
  ['rabbit', 2, 7],
  ['robot', 2, 7],
  ['tortoise', 1, 5],
  ['bird', 1, 5],
  ['fish', 1, 5],
  ['elephant', 1, 5],
  ['teapot', 1, 5],
  ['car', 1, 5],
  ['backpack', 1, 5],
  ['mug', 1, 5],
];

const oneShotCounts: Counts = [
  ['cat', 5, 10],
  ['dog', 5, 10],
];

/** Which concepts of its class a source is edited into: all of them, or the next one in turn. */
type Pairing = 'all' | 'in turn';

/**
 * The set in the proportions of the paper: 16 concepts with 4 or 5 references each, 70 sources.
 * @param variation 0 is what results are reported on; any other number draws other concepts and sources, to tune on
 */
export const benchmarkSet = (variation = 0): BenchmarkSet =>
  assemble(keyOf('benchmark', variation), fullCounts, (index) => 4 + (index % 2), 'all');

/**
 * The one-shot set: 20 cats and dogs as sources, two for each of ten concepts, of which there is a single picture.
 * @param variation as above
 */
export const oneShotSet = (variation = 0): BenchmarkSet =>
  assemble(keyOf('one shot', variation), oneShotCounts, () => 1, 'in turn');

function keyOf(name: string, variation: number): RandomKey {
  const key = fold(randomKey(5775), name);
  return variation === 0 ? key : fold(fold(key, 'variation'), variation);
}

function assemble(
  key: RandomKey,
  counts: Counts,
  referenceCount: (index: number) => number,
  pairing: Pairing,
): BenchmarkSet {
  const concepts: BenchmarkConcept[] = [];
  const sources: BenchmarkSource[] = [];
  for (const [subjectClass, conceptCount, sourceCount] of counts) {
    const classKey = fold(key, subjectClass);
    const places = permutation(fold(classKey, 'places'), backgroundKinds.length).map(
      (at) => backgroundKinds[at]!,
    );
    const [referencePlaces, sourcePlaces] = [places.slice(0, 4), places.slice(4)];
    for (let i = 0; i < conceptCount; i++) {
      const concept = randomConcept(fold(classKey, `concept ${i}`), `${subjectClass}-${i + 1}`, [
        subjectClass,
      ]);
      const count = referenceCount(concepts.length);
      concepts.push({
        concept,
        references: references(fold(classKey, `references ${i}`), concept, referencePlaces, count),
      });
    }
    for (let i = 0; i < sourceCount; i++) {
      const place = sourcePlaces[i % sourcePlaces.length]!;
      const scene = randomScene(fold(classKey, `source ${i}`), {
        classes: [subjectClass],
        backgrounds: [place],
      });
      sources.push({
        name: `${subjectClass}-${String(i + 1).padStart(2, '0')}`,
        scene,
        sourcePrompt: promptOf(scene),
        targetPrompt: promptOf(scene, '{concept}'),
      });
    }
  }
  return { concepts, sources, pairs: pairsOf(concepts, sources, pairing) };
}

function pairsOf(
  concepts: readonly BenchmarkConcept[],
  sources: readonly BenchmarkSource[],
  pairing: Pairing,
): BenchmarkPair[] {
  const ofClass = (wanted: SubjectClass) => concepts.filter(({ concept }) => concept.class === wanted);
  const sourcesOf = (wanted: SubjectClass) => sources.filter(({ scene }) => scene.subject.class === wanted);
  return concepts.flatMap((own) => {
    const { class: wanted } = own.concept;
    const turn = ofClass(wanted).indexOf(own);
    return sourcesOf(wanted)
      .filter((_, index) => pairing === 'all' || index % ofClass(wanted).length === turn)
      .map(({ name, scene }) => ({
        concept: own.concept.name,
        source: name,
        oracle: withAppearance(scene, own.concept),
      }));
  });
}

/** Pictures of one concept as a person takes them: one posture, seen much alike, in up to four places. */
function references(
  key: RandomKey,
  concept: Concept,
  places: readonly BackgroundKind[],
  count: number,
): Scene[] {
  const usual = randomPose(fold(key, 'pose'), concept.class, places[0]!);
  return Array.from({ length: count }, (_, index): Scene => {
    const chance = chanceFrom(fold(key, index));
    const place = places[index % places.length]!;
    const scene = randomScene(fold(key, `scene ${index}`), {
      classes: [concept.class],
      backgrounds: [place],
      companionShare: 0,
    });
    const near = (joint: number) => Math.min(Math.max(joint + chance.between(-0.25, 0.25), -1), 1);
    const pose = {
      ...usual,
      // The place decides where there is ground and room; the rest hardly varies.
      x: scene.subject.pose.facing === usual.facing ? scene.subject.pose.x : 100 - scene.subject.pose.x,
      y: scene.subject.pose.y,
      scale: scene.subject.pose.scale,
      tilt: chance.between(-2, 2),
      limbs: near(usual.limbs),
      head: near(usual.head),
      tail: near(usual.tail),
    };
    return { ...scene, subject: { class: concept.class, pose, appearance: concept.appearance } };
  });
}
