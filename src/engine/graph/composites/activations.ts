import { absolute, add, erf, exp, log, maximum, multiply, negate, sigmoid, tanh } from '../operations.ts';
import type { Tensor } from '../tensor.ts';

export const relu = (x: Tensor): Tensor => maximum(x, 0);

/** x · sigmoid(x) (Elfwing, Uchibe, Doya 2017, arXiv 1702.03118), also called swish. */
export const silu = (x: Tensor): Tensor => multiply(x, sigmoid(x));

/** x · Φ(x) with the exact normal distribution function (Hendrycks, Gimpel 2016, arXiv 1606.08415). */
export const gelu = (x: Tensor): Tensor => multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));

/** The tanh approximation of gelu (Hendrycks, Gimpel 2016, section 2). */
export const geluTanh = (x: Tensor): Tensor => {
  const cubic = multiply(multiply(multiply(x, x), x), 0.044715);
  return multiply(multiply(x, 0.5), add(tanh(multiply(add(x, cubic), Math.sqrt(2 / Math.PI))), 1));
};

/** x · sigmoid(1.702 x): the approximation that OpenAI's CLIP was trained with. */
export const quickGelu = (x: Tensor): Tensor => multiply(x, sigmoid(multiply(x, 1.702)));

/** ln(1 + e^x), without overflow. */
export const softplus = (x: Tensor): Tensor => add(maximum(x, 0), log(add(exp(negate(absolute(x))), 1)));
