import {
  add,
  constant,
  convolution,
  divide,
  mean,
  multiply,
  ndArray,
  reshape,
  subtract,
  type Tensor,
} from '../../engine/index.ts';

/**
 * 1 − SSIM of pictures from −1 to 1 (Wang et al. 2004; as a loss: Zhao et al. 2017, arXiv 1511.08861), window 11,
 * sigma 1.5, every channel by itself. 0: alike. x, y: [batch, channels, height, width]
 */
export function structuralDissimilarity(x: Tensor, y: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const planes = [batch * channels, 1, height, width];
  const [a, b] = [reshape(x, planes), reshape(y, planes)];
  const [μa, μb] = [blur(a), blur(b)];
  const [μaa, μbb, μab] = [multiply(μa, μa), multiply(μb, μb), multiply(μa, μb)];
  const σaa = subtract(blur(multiply(a, a)), μaa);
  const σbb = subtract(blur(multiply(b, b)), μbb);
  const σab = subtract(blur(multiply(a, b)), μab);
  const luminance = divide(add(multiply(μab, 2), c1), add(add(μaa, μbb), c1));
  const structure = divide(add(multiply(σab, 2), c2), add(add(σaa, σbb), c2));
  return subtract(1, mean(multiply(luminance, structure)));
}

/** (K₁L)² and (K₂L)² with K₁ = 0.01, K₂ = 0.03 and the data range L = 2. */
const [c1, c2] = [(0.01 * 2) ** 2, (0.03 * 2) ** 2];

const window = 11;

/** A Gaussian window, separably, without padding. planes: [planes, 1, height, width] */
function blur(planes: Tensor): Tensor {
  const weights = Float32Array.from({ length: window }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const kernel = weights.map((weight) => weight / total);
  const down = constant(ndArray('float32', [1, 1, window, 1], kernel));
  const across = constant(ndArray('float32', [1, 1, 1, window], kernel));
  return convolution(convolution(planes, down), across);
}
