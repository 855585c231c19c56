import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/**
 * The Fréchet distance between two sets of feature vectors, each taken for a sample of a Gaussian (Dowson, Landau 1982;
 * Heusel et al. 2017, arXiv 1706.08500):
 *
 *     |μa − μb|² + tr(Σa + Σb − 2 (Σa Σb)^½),  covariances with n − 1
 *
 * 0 for equal distributions, without an upper end. With fewer vectors than dimensions it is too large, and sets of
 * different sizes do not compare: state how many there were. The trace of the root is the sum of the roots of the
 * eigenvalues of Σa^½ Σb Σa^½, which is symmetric.
 * @param a vectors of one length, at least two
 * @throws a sentence if a set has fewer than two vectors, or lengths differ
 */
export function frechetDistance(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  const size = a[0]?.length ?? 0;
  const [first, second] = [gaussianOf(a, size), gaussianOf(b, size)];
  const root = symmetricRoot(first.covariance);
  const middle = root.mmul(second.covariance).mmul(root);
  const crossTrace = eigenvaluesOf(middle).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const shift = first.mean.reduce((sum, value, index) => sum + (value - second.mean[index]!) ** 2, 0);
  return Math.max(0, shift + first.covariance.trace() + second.covariance.trace() - 2 * crossTrace);
}

interface Gaussian {
  readonly mean: readonly number[];
  readonly covariance: Matrix;
}

function gaussianOf(vectors: readonly ArrayLike<number>[], size: number): Gaussian {
  if (vectors.length < 2) {
    throw new Error(`frechetDistance: each set needs at least two vectors, got ${vectors.length}`);
  }
  const odd = vectors.find(({ length }) => length !== size);
  if (odd !== undefined || size === 0) {
    throw new Error(
      `frechetDistance: vectors have one length, at least 1; got ${size} and ${odd?.length ?? size}`,
    );
  }
  const matrix = new Matrix(vectors.map((vector) => Array.from(vector)));
  const mean = matrix.mean('column');
  const centred = matrix.subRowVector(mean);
  return {
    mean,
    covariance: centred
      .transpose()
      .mmul(centred)
      .div(vectors.length - 1),
  };
}

/** Rounding may leave an eigenvalue a little below 0. */
function symmetricRoot(matrix: Matrix): Matrix {
  const { eigenvectorMatrix: vectors, realEigenvalues } = decompose(matrix);
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return vectors.mmul(roots).mmul(vectors.transpose());
}

const eigenvaluesOf = (matrix: Matrix): readonly number[] => decompose(matrix).realEigenvalues;

/** Told that it is symmetric: after two products it is so but for rounding. */
const decompose = (matrix: Matrix) => new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
