import { add, divide, matmul, multiply, sqrt, subtract, sum, type Tensor } from '../graph/index.ts';
import { type AdamWOptions, adamW, type Optimizer } from './optimizers.ts';
import { matrixShape } from './update-form.ts';

export interface MuonOptions extends AdamWOptions {
  /** Decay of the momentum of matrices. Default 0.95. */
  readonly momentum?: number;
  /**
   * Whether a variable of at least two axes is a linear map, to be updated as a matrix: all by default but tables, whose
   * path says "embedding". Those with fewer than 16 rows or columns never are.
   */
  readonly isMatrix?: (path: string) => boolean;
}

/**
 * Muon (Jordan et al. 2024), with the step size and decay of Liu et al. 2025 (arXiv 2502.16982, equation 4), so that
 * learning rates are those of AdamW: matrices, and kernels of convolutions seen as [out channels, all else], move along
 * the nearest orthogonal matrix to their momentum; all other variables as in AdamW.
 */
export function muon({
  momentum = 0.95,
  isMatrix = (path) => !path.includes('embedding'),
  ...options
}: MuonOptions = {}): Optimizer {
  if (!(momentum >= 0 && momentum < 1)) {
    throw new Error(`muon: momentum lies in [0, 1), got ${momentum}`);
  }
  const { weightDecay = 0.01 } = options;
  const others = adamW(options);
  return {
    moments: others.moments,
    scalars: [...others.scalars, 'learningRate'],
    scalarsAt: (step, learningRate) => ({ ...others.scalarsAt(step, learningRate), learningRate }),
    formOf: (path, { shape }) =>
      Math.min(...matrixShape(shape)) >= fewest && isMatrix(path) ? 'matrix' : 'elements',
    update: (variable, gradient, moments, scalars, form) => {
      if (form === 'elements') return others.update(variable, gradient, moments, scalars, form);
      const [, rows, columns] = variable.shape as [number, number, number];
      // M ← μ M + G, and the step looks ahead along it, as Nesterov's: μ M + G
      const m = add(multiply(moments.m!, momentum), gradient);
      const ahead = add(multiply(m, momentum), gradient);
      const direction = multiply(orthogonalized(ahead), 0.2 * Math.sqrt(Math.max(rows, columns)));
      // W ← W − γ (0.2 √max(rows, columns) O + λ W)
      const step = add(direction, multiply(variable, weightDecay));
      return {
        variable: subtract(variable, multiply(step, scalars.learningRate!)),
        moments: { m, v: moments.v! },
      };
    },
  };
}

/** A map of fewer dimensions is left to AdamW. */
const fewest = 16;

/**
 * U Vᵀ of X = U Σ Vᵀ, nearly: singular values come to lie about between 0.7 and 1.2, by five steps of
 * X ← a X + (b X Xᵀ + c (X Xᵀ)²) X, with Jordan's coefficients. x: [matrices, rows, columns]
 */
function orthogonalized(x: Tensor): Tensor {
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  const wide = x.shape[1]! <= x.shape[2]!;
  const length = sqrt(sum(multiply(x, x), { axes: [1, 2], keepAxes: true }));
  let h = divide(x, add(length, 1e-7));
  for (let step = 0; step < 5; step++) {
    const square = wide ? matmul(h, h, { transposeB: true }) : matmul(h, h, { transposeA: true });
    const map = add(multiply(square, b), multiply(matmul(square, square), c));
    h = add(multiply(h, a), wide ? matmul(map, h) : matmul(h, map));
  }
  return h;
}
