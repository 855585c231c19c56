import {
  gelu,
  geluTanh,
  multiply,
  quickGelu,
  relu,
  silu,
  softplus,
  type Tensor,
  tanh,
} from '../../engine/index.ts';

/** Activation functions by the names that diffusers and transformers give them in config.json. */
export const activations = {
  silu,
  swish: silu,
  relu,
  gelu,
  gelu_new: geluTanh,
  quick_gelu: quickGelu,
  /** x · tanh(ln(1 + e^x)) (Misra 2019, arXiv 1908.08681). */
  mish: (x: Tensor): Tensor => multiply(x, tanh(softplus(x))),
} as const satisfies Readonly<Record<string, (x: Tensor) => Tensor>>;

export type ActivationName = keyof typeof activations;
