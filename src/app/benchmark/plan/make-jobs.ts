import type { MethodKind } from '../../../files/checkpoints/index.ts';
import {
  type ConceptDefinition,
  defineConcept,
  type PresetName,
} from '../../../methods/personalization/index.ts';
import type { SteeringSettings } from '../../../methods/steering/index.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import { contentHash, fileHash, type PlainData } from '../../runs/content-hash.ts';
import type { ManifestConcept, ManifestSource } from '../manifest/manifest.ts';
import type { ReferenceFile } from '../manifest/picture-files.ts';
import type { OpenedManifest } from '../manifest/read-manifest.ts';
import type { BenchmarkJob, ClassBiasJob, EditJob, LearnJob, MeasureJob } from './benchmark-jobs.ts';
import { type BenchmarkSettings, baselines, isScored, presetsOf } from './benchmark-settings.ts';
import type { Case, Cell } from './cell.ts';
import { type SuiteName, suites, type VariantName, variants } from './variants.ts';

/** What results depend on beside manifest and settings. */
export interface BenchmarkIdentity {
  readonly preset: PresetName;
  /** Hash of the model. */
  readonly model: string;
  /** What edits are measured with; the first CLIP scores guided images too. */
  readonly instruments: readonly InstrumentIdentity[];
}

export interface InstrumentIdentity {
  readonly kind: 'CLIP' | 'LPIPS';
  readonly name: string;
  readonly hash: string;
}

/** Raised when what the method or the measures compute changes, so that older results are not taken for new ones. */
export const METHOD_VERSION = 3;
export const MEASURES_VERSION = 2;

export type MadeCell =
  | { readonly cell: Cell; readonly jobs: readonly BenchmarkJob[] }
  | { readonly missing: string };

/** Makes the jobs of cells, with hashes of all that determines them and of nothing else. */
export function jobMaker(
  { manifest, resolve, references: files }: OpenedManifest,
  { settings, identity }: { readonly settings: BenchmarkSettings; readonly identity: BenchmarkIdentity },
) {
  const presets = presetsOf(identity.preset);
  const firstClip = identity.instruments.find(({ kind }) => kind === 'CLIP')?.hash ?? 'none';
  const hashes = new Map<string, Promise<string>>();
  const hashOf = (path: string): Promise<string> => {
    const known = hashes.get(path) ?? fileHash(path);
    hashes.set(path, known);
    return known;
  };
  const hashesOf = (references: readonly ReferenceFile[]) =>
    Promise.all(references.map(({ picture }) => hashOf(picture)));
  const masksOf = (references: readonly ReferenceFile[]) =>
    Promise.all(references.map(({ mask }) => (mask === undefined ? 'none' : hashOf(mask))));
  const concepts = new Map(manifest.concepts.map((each) => [each.name, each]));
  const sources = new Map(manifest.sources.map((each) => [each.name, each]));

  const referencesOf = (suite: SuiteName, concept: string): readonly ReferenceFile[] =>
    files.get(concept)!.slice(0, suites[suite].references === 'first' ? 1 : undefined);

  const definitionOf = (
    { placeholder, classWord }: ManifestConcept,
    baseline: MethodKind,
  ): ConceptDefinition => defineConcept(presets[baseline], { word: placeholder, classWord });

  async function learnJob(
    suite: SuiteName,
    concept: ManifestConcept,
    baseline: MethodKind,
  ): Promise<LearnJob> {
    const own = {
      baseline,
      definition: definitionOf(concept, baseline),
      training: settings.training[baseline],
      ...(settings.training[baseline].prior.kind === 'preserve' && {
        generation: { guidanceScale: usualSampling[identity.preset].guidanceScale },
      }),
      seed: settings.trainingSeed,
    };
    const references = referencesOf(suite, concept.name);
    const hash = contentHash({
      kind: 'learn',
      version: METHOD_VERSION,
      model: identity.model,
      references: await hashesOf(references),
      ...(own as unknown as { readonly [key: string]: PlainData }),
    });
    return {
      ...own,
      kind: 'learn',
      hash,
      after: [],
      references,
      title: `learn ${concept.name} by ${baselines[baseline]}`,
    };
  }

  async function editJob(
    learn: LearnJob,
    source: ManifestSource,
    variantName: VariantName,
    { seed }: Case,
  ): Promise<EditJob> {
    const { edit, mask, steering } = variants[variantName];
    const usual = settings.steering[learn.baseline];
    const steered: SteeringSettings | 'none' = steering === 'none' ? 'none' : steering(usual);
    const own = {
      variant: edit,
      prompt: source.prompt,
      targetPrompt: source.targetPrompt.replaceAll('{concept}', learn.definition.phrase),
      settings: settings.editing,
      steering: steered,
      seed,
    };
    const path = source.mask === undefined ? undefined : resolve(source.mask);
    const hash = contentHash({
      kind: 'edit',
      version: METHOD_VERSION,
      learn: learn.hash,
      picture: await hashOf(resolve(source.picture)),
      mask: mask === 'true' ? await hashOf(path!) : mask,
      scoredBy: steered !== 'none' && isScored(steered) ? firstClip : 'nothing',
      ...(own as unknown as { readonly [key: string]: PlainData }),
    });
    const title = `edit ${source.name} by ${learn.title.slice('learn '.length)}, ${variants[variantName].title}, seed ${seed}`;
    return {
      ...own,
      kind: 'edit',
      hash,
      title,
      after: [learn.hash],
      learn: learn.hash,
      picture: resolve(source.picture),
      mask: mask === 'true' ? { kind: 'true', path: path! } : { kind: mask },
      references: learn.references,
    };
  }

  async function measureJob(
    edit: EditJob,
    concept: ManifestConcept,
    source: ManifestSource,
  ): Promise<MeasureJob> {
    const oracle = source.oracles?.[concept.name];
    const paths = {
      source: resolve(source.picture),
      subjectMask: source.mask === undefined ? undefined : resolve(source.mask),
      oracle: oracle === undefined ? undefined : resolve(oracle.picture),
      oracleMask: oracle?.mask === undefined ? undefined : resolve(oracle.mask),
    };
    const pathHashes = Object.fromEntries(
      await Promise.all(
        Object.entries(paths).map(async ([name, path]) => [
          name,
          path === undefined ? 'none' : await hashOf(path),
        ]),
      ),
    );
    const caption = source.targetPrompt.replaceAll('{concept}', concept.classWord);
    const hash = contentHash({
      kind: 'measure',
      version: MEASURES_VERSION,
      edit: edit.hash,
      instruments: identity.instruments.map(({ name, hash }) => [name, hash]),
      references: await hashesOf(edit.references),
      referenceMasks: await masksOf(edit.references),
      caption,
      ...pathHashes,
    });
    return {
      ...paths,
      kind: 'measure',
      hash,
      caption,
      references: edit.references,
      title: `measure ${edit.title.slice('edit '.length)}`,
      after: [edit.hash],
      edit: edit.hash,
    };
  }

  return {
    async cell(suite: SuiteName, baseline: MethodKind, variant: VariantName, each: Case): Promise<MadeCell> {
      const [concept, source] = [concepts.get(each.concept)!, sources.get(each.source)!];
      if (variants[variant].mask === 'true' && source.mask === undefined) {
        return {
          missing: `"${variants[variant].title}" needs masks, and the source "${source.name}" has none`,
        };
      }
      const learn = await learnJob(suite, concept, baseline);
      const edit = await editJob(learn, source, variant, each);
      const measure = await measureJob(edit, concept, source);
      const cell = { suite, baseline, variant, ...each };
      return {
        cell: { ...cell, learn: learn.hash, edit: edit.hash, measure: measure.hash },
        jobs: [learn, edit, measure],
      };
    },

    classBias(suite: SuiteName, concept: string, learn: LearnJob): ClassBiasJob {
      const { classWord, phrase } = learn.definition;
      const own = { settings: settings.classBias, seed: settings.trainingSeed };
      const hash = contentHash({
        kind: 'class bias',
        version: METHOD_VERSION,
        learn: learn.hash,
        similarity: firstClip,
        ...(own as unknown as { readonly [key: string]: PlainData }),
      });
      return {
        ...own,
        kind: 'class bias',
        hash,
        after: [learn.hash],
        learn: learn.hash,
        title: `class bias: ${learn.title}`,
        classWord,
        phrase,
        references: referencesOf(suite, concept),
      };
    },
  };
}
