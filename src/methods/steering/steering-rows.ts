import { joinArrays, type NdArray, ndArray, type Shape, zeros } from '../../engine/arrays/index.ts';
import type { TrainingBatch } from '../personalization/index.ts';
import type { SurrogateTerm } from './edsd.ts';

/** What one step's losses are made of, a row each; a row has a direction or a target, the other is 0. */
export interface SteeringRows extends TrainingBatch {
  /** Of the surrogate ⟨direction, f_θ⟩, [rows, channels, height, width]. */
  readonly direction: NdArray;
}

/**
 * EDSD's terms, each a share of their mean over the images, and below them mode shifting's batch.
 * @param images the terms of each slightly edited image
 * @param shape of latents, [1, channels, height, width]
 */
export function steeringRows(
  images: readonly (readonly SurrogateTerm[])[],
  batch: TrainingBatch | undefined,
  prompts: Readonly<Record<SurrogateTerm['text'], string>>,
  [, ...item]: Shape,
): SteeringRows {
  const terms = images.flat();
  const ofTerms = (width: Shape): NdArray => zeros([terms.length, ...width]);
  const ofBatch: TrainingBatch = batch ?? {
    sample: zeros([0, ...item]),
    target: zeros([0, ...item]),
    weight: zeros([0, 1, ...item.slice(1)]),
    timestep: zeros([0]),
    prompts: [],
  };
  const directions = terms.map(({ direction }) => ({
    ...direction,
    data: direction.data.map((value) => value / images.length),
  }));
  return {
    sample: joinArrays([...terms.map(({ noisy }) => noisy), ofBatch.sample]),
    timestep: joinArrays([
      ndArray(
        'float32',
        [terms.length],
        Float32Array.from(terms, (each) => each.timestep),
      ),
      ofBatch.timestep,
    ]),
    direction: joinArrays([...directions, zeros(ofBatch.sample.shape)]),
    target: joinArrays([ofTerms(item), ofBatch.target]),
    weight: joinArrays([ofTerms([1, ...item.slice(1)]), ofBatch.weight]),
    prompts: [...terms.map(({ text }) => prompts[text]), ...ofBatch.prompts],
  };
}
