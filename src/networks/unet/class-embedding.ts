import { formatShape, refuse, type Shape, type Tensor, type Tree } from '../../engine/index.ts';
import {
  embeddingLayer,
  embeddingSpecs,
  linearLayer,
  linearSpecs,
  type ParameterSpec,
  type Parameters,
} from '../nn/index.ts';
import { embeddingMlp, embeddingMlpSpecs, sinusoidalEmbedding } from './timestep-embedding.ts';
import type { UnetConfig } from './unet-config.ts';

/**
 * What class labels add to the time embedding, [batch, embedding size]: a picture's noise level in SD 2's
 * upscaler, an image embedding in unCLIP. Undefined where the model knows no classes.
 * @param labels `table`: int [batch]; `timestep`: float32 [batch]; else vectors [batch, size]
 */
export function classEmbedding(
  parameters: Parameters,
  config: UnetConfig,
  labels: Tensor | undefined,
  batch: number,
): Tensor | undefined {
  const { classEmbedding: classes, timeEmbedding, activation } = config;
  if (classes.kind === 'none') {
    if (labels === undefined) return undefined;
    refuse('unet', 'class labels were given to a model without class_embed_type');
  }
  if (labels === undefined) refuse('unet', `a model with ${classes.kind} classes needs class labels`);
  const name = 'class_embedding';
  switch (classes.kind) {
    case 'table':
      return embeddingLayer(parameters, name, checked(labels, [batch]));
    case 'timestep': {
      const sinusoid = sinusoidalEmbedding(checked(labels, [batch]), timeEmbedding.sinusoid);
      return embeddingMlp(parameters, name, sinusoid, { activation });
    }
    case 'identity':
      return checked(labels, [batch, timeEmbedding.size]);
    case 'projection':
      return embeddingMlp(parameters, name, checked(labels, [batch, classes.inputSize]), {
        activation: 'silu',
      });
    case 'simple projection':
      return linearLayer(parameters, name, checked(labels, [batch, classes.inputSize]));
  }
}

/** Undefined where there are no parameters. */
export function classEmbeddingSpecs(config: UnetConfig): Tree<ParameterSpec> | undefined {
  const { classEmbedding: classes, timeEmbedding } = config;
  switch (classes.kind) {
    case 'none':
    case 'identity':
      return undefined;
    case 'table':
      return embeddingSpecs(classes.rows, timeEmbedding.size);
    case 'timestep':
      return embeddingMlpSpecs(timeEmbedding.sinusoid.size, timeEmbedding.size);
    case 'projection':
      return embeddingMlpSpecs(classes.inputSize, timeEmbedding.size);
    case 'simple projection':
      return linearSpecs(classes.inputSize, timeEmbedding.size);
  }
}

function checked(labels: Tensor, shape: Shape): Tensor {
  if (formatShape(labels.shape) === formatShape(shape)) return labels;
  refuse('unet', `class labels are ${formatShape(shape)}, got ${labels}`);
}
