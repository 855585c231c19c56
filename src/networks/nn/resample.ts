import { pad, resizeNearest, type Tensor, upsampleNearest } from '../../engine/index.ts';
import { convolutionLayer, convolutionSpecs } from './convolution-layer.ts';
import type { LayerSpecs } from './linear-layer.ts';
import { enter, type Parameters } from './parameters.ts';

/**
 * Where the zeros go around the stride-2 convolution: on all sides (the UNet), or at the right and bottom only
 * (the autoencoder). On all sides the result is the larger half of an odd size, else the smaller.
 */
export type DownsamplePadding = 'all sides' | 'right and bottom';

/** Halves height and width by a 3x3 convolution. x: [batch, channels, height, width] */
export const downsample = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  padding: DownsamplePadding,
): Tensor =>
  enter(parameters, name, (layer) =>
    padding === 'all sides'
      ? convolutionLayer(layer, 'conv', x, { strides: 2, padding: 1 })
      : convolutionLayer(layer, 'conv', pad(x, [0, 0, 0, 0], [0, 0, 1, 1]), { strides: 2 }),
  );

/**
 * Nearest-neighbour enlargement and a 3x3 convolution. x: [batch, channels, height, width]
 * @param size default: twice the size
 */
export const upsample = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  size?: readonly [height: number, width: number],
): Tensor =>
  enter(parameters, name, (layer) => {
    const [height, width] = x.shape.slice(2) as [number, number];
    const doubles = size === undefined || (size[0] === 2 * height && size[1] === 2 * width);
    const enlarged = doubles ? upsampleNearest(x, 2) : resizeNearest(x, size);
    return convolutionLayer(layer, 'conv', enlarged, { padding: 1 });
  });

export const resampleSpecs = (channels: number): { readonly conv: LayerSpecs } => ({
  conv: convolutionSpecs(channels, channels, 3),
});
