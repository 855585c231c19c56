import type { AttentionLayer, UnetPart } from './attention-layers.ts';

/** Which attentions show where the subject is. */
export interface AttentionChoice {
  /** Default: `up`, the decoder; DreamSteerer averages the encoder's as well. */
  readonly parts?: readonly UnetPart[];
  /** Latent cells a place is wide. Default: those that give at most 32 x 32 places; finer maps follow texture. */
  readonly reductions?: readonly number[];
}

export interface ChosenAttention {
  /** At least one. */
  readonly cross: readonly AttentionLayer[];
  /** All of one size; none where the model has none that is small enough. */
  readonly self: readonly AttentionLayer[];
}

/** 32 x 32. A self-attention matrix has a row and a column a place: in float32 that is 4 MiB a head. */
const mostPlaces = 1024;

/**
 * The cross-attentions of the chosen parts and reductions; where the model has none of those, of the chosen parts at
 * any reduction, or else all there are. And the finest self-attentions of at most 1,024 places, in the chosen parts or
 * anywhere.
 * @throws a sentence if the UNet does not look at a text
 */
export function chooseAttention(
  layers: readonly AttentionLayer[],
  { parts = ['up'], reductions }: AttentionChoice,
): ChosenAttention {
  const isChosen = ({ part }: AttentionLayer) => parts.includes(part);
  const cross = layers.filter(({ kind }) => kind === 'cross');
  if (cross.length === 0) {
    throw new Error(
      'chooseAttention: this UNet has no cross-attention, so no word has a place in the picture; give a mask',
    );
  }
  const isCoarse = ({ size }: AttentionLayer) => placesOf(size) <= mostPlaces;
  const isWide = (layer: AttentionLayer) =>
    reductions === undefined ? isCoarse(layer) : reductions.includes(layer.reduction);
  const self = layers.filter((layer) => layer.kind === 'self' && isCoarse(layer));
  return {
    cross: firstNonEmpty(
      cross.filter((layer) => isChosen(layer) && isWide(layer)),
      cross.filter(isChosen),
      cross,
    ),
    self: finest(firstNonEmpty(self.filter(isChosen), self)),
  };
}

export const placesOf = ([height, width]: readonly [height: number, width: number]): number => height * width;

const firstNonEmpty = <T>(...lists: readonly (readonly T[])[]): readonly T[] =>
  lists.find((list) => list.length > 0) ?? [];

const finest = (layers: readonly AttentionLayer[]): readonly AttentionLayer[] => {
  const most = Math.max(0, ...layers.map(({ size }) => placesOf(size)));
  return layers.filter(({ size }) => placesOf(size) === most);
};
