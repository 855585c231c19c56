import { type Shape, spec } from '../../../engine/index.ts';
import { listUnetFeatures, type UnetConfig } from '../../../networks/unet/index.ts';
import type { NamedFeature } from '../../diffusion/index.ts';
import { listAttentionLayers, type UnetPart } from '../../editing/index.ts';

/** Which values of a self-attention: its probabilities are [heads, places, places], the others grow with the places. */
export type SelfAttentionFeatures = 'queries' | 'keys' | 'queries and keys' | 'probabilities' | 'outputs';

/** Which self-attentions of the UNet. */
export interface LayerChoice {
  readonly parts: readonly UnetPart[];
  /** None of larger feature maps: of 32 x 32 places the probabilities take 4 MiB a head. */
  readonly mostPlaces: number;
  /** How many of the first ones are left out. */
  readonly skip: number;
}

/** @throws a sentence if the UNet has no such self-attention */
export function chooseSelfAttentions(
  config: UnetConfig,
  size: readonly [height: number, width: number],
  { parts, mostPlaces, skip }: LayerChoice,
  features: SelfAttentionFeatures,
): readonly string[] {
  const chosen = listAttentionLayers(config, size, 1)
    .filter(({ kind, part }) => kind === 'self' && parts.includes(part))
    .slice(skip)
    .filter(({ size: [height, width] }) => height * width <= mostPlaces);
  if (chosen.length === 0) {
    throw new Error(
      `guided images: the UNet has no self-attention in ${parts.join(', ')} of at most ${mostPlaces} places behind ` +
        `the first ${skip}, for latents of ${size.join(' x ')}; choose other layers`,
    );
  }
  return chosen.flatMap(({ feature }) =>
    kindsOf[features].map((kind) => feature.replace(/probabilities$/, kind)),
  );
}

/** Of latents, [count, channels, height, width]. */
export const latentSize = (shape: Shape) => shape.slice(-2) as [height: number, width: number];

/** The places that a self-attention's feature has a row for. */
export function gridOf(
  config: UnetConfig,
  size: readonly [height: number, width: number],
  feature: string,
): readonly [height: number, width: number] {
  const layers = listAttentionLayers(config, size, 1);
  return layers.find((layer) => pathOf(layer.feature) === pathOf(feature))!.size;
}

/** `….attn1`, of `….attn1.queries`. */
const pathOf = (feature: string): string => feature.slice(0, feature.lastIndexOf('.'));

/** Features of any kind by their names, with their shapes. @throws a sentence for a name that there is not */
export function specifyFeatures(
  config: UnetConfig,
  size: readonly [height: number, width: number],
  tokens: number,
  names: readonly string[],
): readonly NamedFeature[] {
  const shapes = new Map(
    listUnetFeatures(config, { size, tokens }).map(({ name, shape }) => [name, shape] as const),
  );
  return names.map((name, index) => {
    const shape = shapes.get(name);
    if (shape !== undefined) return { name, label: `feature${index}`, spec: spec(shape) };
    throw new Error(`guided images: the UNet has no feature "${name}"; inspect lists what it has`);
  });
}

const kindsOf: { readonly [F in SelfAttentionFeatures]: readonly string[] } = {
  queries: ['queries'],
  keys: ['keys'],
  'queries and keys': ['queries', 'keys'],
  probabilities: ['probabilities'],
  outputs: ['output'],
};
