import { add, attention, attentionProbabilities, type Tensor, type Tree } from '../../engine/index.ts';
import {
  activations,
  enter,
  joinHeads,
  layerNormLayer,
  linearLayer,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  parameterSpec,
  splitHeads,
} from '../nn/index.ts';
import type { ClipEncoderConfig } from './clip-config.ts';

export interface ClipEncoderOutputs {
  /** What goes in, then what each layer gives, without a final norm: layers + 1 times [batch, tokens, size]. */
  readonly hiddenStates: readonly Tensor[];
  /** Of each layer: [batch, heads, tokens, tokens]. Costs nothing where it is not used. */
  readonly attentions: readonly Tensor[];
}

/**
 * The transformer of both towers, normalized before each part (Radford et al. 2019; arXiv 2103.00020, section 2.4).
 * x: [batch, tokens, size]; parameters: `layers.0`, `layers.1`, …
 * @param mask added to the attention scores
 */
export function clipEncoder(
  parameters: Parameters,
  name: string,
  x: Tensor,
  config: ClipEncoderConfig,
  mask?: Tensor,
): ClipEncoderOutputs {
  const hiddenStates = [x];
  const attentions: Tensor[] = [];
  enter(parameters, name, (encoder) => {
    for (let layer = 0; layer < config.layers; layer++) {
      enter(encoder, `layers.${layer}`, (parameters) => {
        const { output, probabilities } = encoderLayer(parameters, hiddenStates.at(-1)!, config, mask);
        hiddenStates.push(output);
        attentions.push(probabilities);
      });
    }
  });
  return { hiddenStates, attentions };
}

function encoderLayer(
  layer: Parameters,
  x: Tensor,
  { layerNormEpsilon, heads, activation }: ClipEncoderConfig,
  mask: Tensor | undefined,
): { readonly output: Tensor; readonly probabilities: Tensor } {
  const normalized = layerNormLayer(layer, 'layer_norm1', x, layerNormEpsilon);
  const { output: attended, probabilities } = enter(layer, 'self_attn', (parameters) =>
    selfAttention(parameters, normalized, heads, mask),
  );
  const h = add(x, attended);
  const perceived = enter(layer, 'mlp', (mlp) => {
    const inner = linearLayer(mlp, 'fc1', layerNormLayer(layer, 'layer_norm2', h, layerNormEpsilon));
    return linearLayer(mlp, 'fc2', activations[activation](inner));
  });
  return { output: add(h, perceived), probabilities };
}

function selfAttention(parameters: Parameters, x: Tensor, heads: number, mask: Tensor | undefined) {
  const [query, key, value] = (['q_proj', 'k_proj', 'v_proj'] as const).map((name) =>
    splitHeads(linearLayer(parameters, name, x), heads),
  ) as [Tensor, Tensor, Tensor]; // [batch, heads, tokens, size]
  const options = mask === undefined ? {} : { bias: mask };
  return {
    output: linearLayer(parameters, 'out_proj', joinHeads(attention(query, key, value, options))),
    probabilities: attentionProbabilities(query, key, options),
  };
}

/** Initialised as transformers does it: deviations fall with width and depth. */
export function clipEncoderSpecs({
  hiddenSize,
  intermediateSize,
  layers,
  initializerFactor,
}: ClipEncoderConfig): Tree<ParameterSpec> {
  const width = hiddenSize ** -0.5 * initializerFactor;
  const depth = (2 * layers) ** -0.5;
  const layer = {
    self_attn: {
      q_proj: normalLinearSpecs(hiddenSize, hiddenSize, width * depth),
      k_proj: normalLinearSpecs(hiddenSize, hiddenSize, width * depth),
      v_proj: normalLinearSpecs(hiddenSize, hiddenSize, width * depth),
      out_proj: normalLinearSpecs(hiddenSize, hiddenSize, width),
    },
    layer_norm1: normSpecs(hiddenSize),
    mlp: {
      fc1: normalLinearSpecs(hiddenSize, intermediateSize, width * Math.SQRT1_2),
      fc2: normalLinearSpecs(intermediateSize, hiddenSize, width * depth),
    },
    layer_norm2: normSpecs(hiddenSize),
  };
  return { layers: Array.from({ length: layers }, () => layer) };
}

const normalLinearSpecs = (inputs: number, outputs: number, deviation: number) => ({
  weight: parameterSpec([outputs, inputs], { kind: 'normal', deviation }),
  bias: parameterSpec([outputs], { kind: 'constant', value: 0 }),
});
