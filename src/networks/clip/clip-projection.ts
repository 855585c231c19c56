import type { Tensor, Tree } from '../../engine/index.ts';
import { linearLayer, type ParameterSpec, parameterSpec, parametersOf } from '../nn/index.ts';
import type { ClipEncoderConfig } from './clip-config.ts';

/** Whether a tower ends in a projection to the space that texts and images share. */
export type Projection = 'projection' | 'no projection';

/** pooled: [batch, size] → [batch, projection size], not normalized; parameter `text_projection.weight`. */
export const projectText = (parameters: Tree<Tensor>, pooled: Tensor): Tensor =>
  linearLayer(parametersOf(parameters), 'text_projection', pooled);

/** pooled: [batch, size] → [batch, projection size], not normalized; parameter `visual_projection.weight`. */
export const projectImage = (parameters: Tree<Tensor>, pooled: Tensor): Tensor =>
  linearLayer(parametersOf(parameters), 'visual_projection', pooled);

export const projectionSpecs = ({
  hiddenSize,
  projectionSize,
  initializerFactor,
}: ClipEncoderConfig): { readonly weight: ParameterSpec } => ({
  weight: parameterSpec([projectionSize, hiddenSize], {
    kind: 'normal',
    deviation: hiddenSize ** -0.5 * initializerFactor,
  }),
});
