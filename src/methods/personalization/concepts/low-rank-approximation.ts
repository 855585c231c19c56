import { Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { type NdArray, ndArray, normal, randomKey, type Shape, sizeOf } from '../../../engine/index.ts';

export interface LowRankFactors {
  /** [rank, in …] */
  readonly down: NdArray<'float32'>;
  /** [out, rank], of a convolution [out, rank, 1, 1] */
  readonly up: NdArray<'float32'>;
  /** Sum of squares of what they leave out. */
  readonly lost: number;
}

/** Columns beyond the rank, and passes over the matrix, that make the random subspace good. */
const oversampling = 8;
const passes = 3;

/**
 * The best product up · down of a rank for a matrix [out, in …], by singular values: exact where the rank reaches
 * the matrix's own, else of a random subspace (Halko, Martinsson, Tropp 2011, arXiv 0909.4061, algorithms 4.4 and
 * 5.1). The singular values are shared evenly between the two factors.
 */
export function approximateByRank(values: Float32Array, shape: Shape, rank: number): LowRankFactors {
  const [outputs = 0, ...rest] = shape;
  const inputs = sizeOf(rest);
  const kept = Math.min(rank, outputs, inputs);
  const matrix = Matrix.from1DArray(outputs, inputs, values);
  const basis = rangeOf(matrix, Math.min(kept + oversampling, outputs, inputs)); // [out, columns]
  const small = basis.transpose().mmul(matrix); // [columns, in]
  const decomposition = new SingularValueDecomposition(small, { autoTranspose: true });
  const left = basis.mmul(decomposition.leftSingularVectors); // [out, columns]
  const right = decomposition.rightSingularVectors; // [in, columns]
  const roots = decomposition.diagonal.slice(0, kept).map(Math.sqrt);
  const up = new Float32Array(outputs * kept);
  const down = new Float32Array(kept * inputs);
  for (let r = 0; r < kept; r++) {
    for (let o = 0; o < outputs; o++) up[o * kept + r] = left.get(o, r) * roots[r]!;
    for (let i = 0; i < inputs; i++) down[r * inputs + i] = right.get(i, r) * roots[r]!;
  }
  const ones = rest.slice(1).map(() => 1);
  return {
    up: ndArray('float32', [outputs, kept, ...ones], up),
    down: ndArray('float32', [kept, ...rest], down),
    lost: lostSquares(values, { up, down, kept, inputs }),
  };
}

/** Orthonormal columns that span most of the matrix's range. */
function rangeOf(matrix: Matrix, columns: number): Matrix {
  const draws = normal(randomKey(columns), [matrix.columns, columns]).data;
  let basis = orthonormal(matrix.mmul(Matrix.from1DArray(matrix.columns, columns, draws)));
  const transposed = matrix.transpose();
  for (let pass = 0; pass < passes; pass++) {
    basis = orthonormal(matrix.mmul(orthonormal(transposed.mmul(basis))));
  }
  return basis;
}

const orthonormal = (matrix: Matrix): Matrix => new QrDecomposition(matrix).orthogonalMatrix;

function lostSquares(
  values: Float32Array,
  { up, down, kept, inputs }: { up: Float32Array; down: Float32Array; kept: number; inputs: number },
): number {
  let lost = 0;
  for (let index = 0; index < values.length; index++) {
    const output = Math.floor(index / inputs);
    let product = 0;
    for (let r = 0; r < kept; r++) product += up[output * kept + r]! * down[r * inputs + (index % inputs)]!;
    lost += (values[index]! - product) ** 2;
  }
  return lost;
}
