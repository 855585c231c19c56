import type { MethodKind } from '../../../files/checkpoints/index.ts';
import type { EditSettings } from '../../../methods/editing/index.ts';
import {
  type Preset,
  type PresetName,
  personalizationPreset,
  type TrainingSettings,
} from '../../../methods/personalization/index.ts';
import { defaultSteering, type SteeringSettings } from '../../../methods/steering/index.ts';
import { usualEditing } from '../../models/usual-editing.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import { ParameterError, TaskError } from '../../tasks/task.ts';

/** The methods that are edited with, in the order of tables. */
export const baselines: { readonly [M in MethodKind]: string } = {
  'textual-inversion': 'Textual Inversion',
  dreambooth: 'DreamBooth',
  'custom-diffusion': 'Custom Diffusion',
  lora: 'LoRA',
};
export const baselineNames = Object.keys(baselines) as readonly MethodKind[];

/** How every cell is edited; plain data. */
export interface EditingSettings
  extends Omit<
    EditSettings,
    'steps' | 'optimizer' | 'sampling' | 'stepSize' | 'guidanceScale' | 'sourceGuidanceScale'
  > {
  /**
   * After which steps the picture is kept and measured; the last one ends the edit. Times are drawn step by step, so
   * what is seen after 25 of 100 steps is what an edit of 25 steps comes to.
   */
  readonly recordedSteps: readonly number[];
  readonly stepSize?: number;
  readonly guidanceScale?: number;
  readonly sourceGuidanceScale?: number;
}

/** Pictures of the class word alone, before and after personalization. */
export interface ClassBiasSettings {
  readonly pictures: number;
  readonly steps: number;
  readonly guidanceScale: number;
}

/** Every number of a benchmark. */
export interface BenchmarkSettings {
  readonly training: { readonly [M in MethodKind]: TrainingSettings };
  /** Of all trainings: a model is shared by all seeds of its edits. */
  readonly trainingSeed: number;
  readonly steering: { readonly [M in MethodKind]: SteeringSettings };
  readonly editing: EditingSettings;
  readonly classBias: ClassBiasSettings;
}

/** The presets of a family of models. */
export const presetsOf = (name: PresetName): { readonly [M in MethodKind]: Preset } =>
  ofBaselines((kind) => personalizationPreset(kind, name));

export const benchmarkSettings = (name: PresetName): BenchmarkSettings => ({
  training: ofBaselines((kind) => personalizationPreset(kind, name).training),
  trainingSeed: 0,
  steering: ofBaselines((kind) => defaultSteering(kind, name)),
  editing: editingOf(name),
  classBias: { pictures: 4, steps: 30, guidanceScale: usualSampling[name].guidanceScale },
});

/** What `edit` does unless it is told otherwise. */
function editingOf(name: PresetName): EditingSettings {
  const { stepSize, guidanceScale, weighting, timesteps } = usualEditing[name];
  const recordedSteps =
    name === 'pocket' ? [4, 8, 12, 16, 24, 32, 48, 64, 80, 100] : [10, 25, 50, 75, 100, 150, 200];
  return { recordedSteps, stepSize, guidanceScale, weighting, timesteps };
}

/** Whether guided images are chosen by their likeness to the concept, of more than are kept. */
export const isScored = ({ modeShifting, guidedImages }: SteeringSettings): boolean =>
  modeShifting !== 'off' && guidedImages.keep < guidedImages.count;

/** The same with so few steps that a sample takes minutes; its figures tell nothing but that all works. */
export function quickSettings(settings: BenchmarkSettings): BenchmarkSettings {
  const { training, steering } = settings;
  return {
    ...settings,
    training: ofBaselines((kind) => ({
      ...training[kind],
      steps: Math.min(40, training[kind].steps),
      prior: { kind: 'none' },
    })),
    steering: ofBaselines((kind) => {
      const { guidedImages, optimization } = steering[kind];
      const { appearance, keep } = guidedImages;
      return {
        ...steering[kind],
        guidedImages: {
          ...guidedImages,
          count: 2,
          keep: Math.min(2, keep),
          steps: 10,
          appearance: appearance === 'source' ? appearance : { ...appearance, drawings: 1, noises: 1 },
        },
        optimization: { ...optimization, steps: Math.min(6, optimization.steps) },
      };
    }),
    editing: { ...settings.editing, recordedSteps: [4, 8, 16] },
    classBias: { ...settings.classBias, pictures: 2, steps: 10 },
  };
}

/**
 * Settings with some of them changed, as a JSON file says: `{ "editing": { "stepSize": 0.06 } }`. `training` and
 * `steering` may have a baseline's name below, or settings that are then all baselines'.
 * @throws TaskError for a setting that there is not, or of another type
 */
export function changedSettings(settings: BenchmarkSettings, changes: unknown): BenchmarkSettings {
  if (!isRecord(changes))
    throw new ParameterError('settings', 'a JSON object is expected, such as {"editing": {}}');
  const spread = Object.fromEntries(
    Object.entries(changes).map(([part, value]) => [
      part,
      (part === 'training' || part === 'steering') && isRecord(value) ? forEachBaseline(value) : value,
    ]),
  );
  return merged(settings as unknown as Changeable, spread, 'settings') as unknown as BenchmarkSettings;
}

type Changeable = { readonly [key: string]: unknown };

/** What may be given though there is no default of it. */
const optional = ['sourceGuidanceScale', 'timesteps']; // those of EDSD too

/** Words that stand for a number, or for settings of their own, where they are not those that switch something off. */
const wordsOf: { readonly [key: string]: readonly string[] } = {
  rowsPerPass: ['all'],
  appearance: ['source'],
};

function forEachBaseline(given: Changeable): Changeable {
  const names: readonly string[] = baselineNames;
  if (Object.keys(given).every((key) => names.includes(key))) return given;
  return Object.fromEntries(names.map((name) => [name, given]));
}

function merged(own: Changeable, changes: Changeable, where: string): Changeable {
  const result: Record<string, unknown> = { ...own };
  for (const [key, value] of Object.entries(changes)) {
    const place = `${where}.${key}`;
    const known = own[key];
    if (known === undefined && !optional.includes(key)) {
      throw new TaskError(`${place}: there is no such setting; there are ${Object.keys(own).join(', ')}`);
    }
    // What has a kind is one of several forms, and is given whole; so are lists and plain values.
    if (isRecord(known) && isRecord(value) && !('kind' in value)) {
      result[key] = merged(known, value, place);
      continue;
    }
    const isWord = [known, value].some((each) => (wordsOf[key] ?? ['off', 'none']).includes(each as string));
    if (known !== undefined && typeof known !== typeof value && !isWord) {
      throw new TaskError(`${place}: expected a ${typeof known}, got ${JSON.stringify(value)}`);
    }
    result[key] = value;
  }
  return result;
}

const isRecord = (value: unknown): value is Changeable =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same of every baseline. */
export const ofBaselines = <T>(of: (kind: MethodKind) => T): { readonly [M in MethodKind]: T } => ({
  'textual-inversion': of('textual-inversion'),
  dreambooth: of('dreambooth'),
  'custom-diffusion': of('custom-diffusion'),
  lora: of('lora'),
});
