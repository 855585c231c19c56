import { describe, expect, it } from 'vitest';
import { fromNested, full } from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  add,
  constant,
  crossEntropy,
  gather,
  layerNorm,
  linear,
  matmul,
  meanSquaredError,
  multiply,
  print,
  relu,
  scope,
  slice,
  softmax,
  spec,
  sum,
  type Tensor,
  trace,
} from '../../../src/engine/graph/index.ts';

describe('a printed graph', () => {
  it('names inputs by their paths, and everything else by its place and scope', () => {
    const build = ({ layer, x }: { layer: { weight: Tensor; bias: Tensor }; x: Tensor }) => ({
      y: scope('mlp', () => scope(0, () => relu(linear(x, layer)))),
      first: slice(x, { axis: 0, end: 1 }),
    });
    const specs = { layer: { weight: spec([4, 3]), bias: spec([4]) }, x: spec([2, 3]) };
    expect(print(trace(build, specs))).toMatchInlineSnapshot(`
      "%layer.weight float32[4, 3] = input
      %layer.bias float32[4] = input
      %x float32[2, 3] = input
      %0 float32[2, 4] = matmul(%x, %layer.weight) {transposeA: false, transposeB: true} @ mlp.0
      %1 float32[2, 4] = add(%0, %layer.bias) @ mlp.0
      %2 float32[] = constant() {value: [0]} @ mlp.0
      %3 float32[2, 4] = maximum(%1, %2) @ mlp.0
      %4 float32[1, 3] = slice(%x) {starts: [0, 0], ends: [1, 3], steps: [1, 1]}
      return y: %3, first: %4"
    `);
  });

  it('shows small constants by value, large ones by shape, and inputs that nothing reads', () => {
    const graph = trace(
      ({ x }: { x: Tensor; unused: Tensor }) =>
        multiply(add(x, constant(fromNested([1, -0.5]))), constant(full([3, 2], 7))),
      { x: spec([2]), unused: spec([], 'int64') },
    );
    expect(print(graph)).toMatchInlineSnapshot(`
      "%x float32[2] = input
      %unused int64[] = input
      %0 float32[2] = constant() {value: [1, -0.5]}
      %1 float32[2] = add(%x, %0)
      %2 float32[3, 2] = constant() {value: float32[3, 2]}
      %3 float32[3, 2] = multiply(%1, %2)
      return %3"
    `);
  });

  it('of an input handed through', () => {
    expect(print(trace((x: Tensor) => x, spec([2])))).toMatchInlineSnapshot(`
      "%input float32[2] = input
      return %input"
    `);
  });
});

describe('gradient programs', () => {
  it('of a linear layer under a squared error', () => {
    const graph = trace(
      ({ layer, x, target }: { layer: { weight: Tensor; bias: Tensor }; x: Tensor; target: Tensor }) =>
        gradient(meanSquaredError(linear(x, layer), target), layer),
      { layer: { weight: spec([4, 3]), bias: spec([4]) }, x: spec([2, 3]), target: spec([2, 4]) },
    );
    expect(print(graph)).toMatchInlineSnapshot(`
      "%layer.weight float32[4, 3] = input
      %layer.bias float32[4] = input
      %x float32[2, 3] = input
      %target float32[2, 4] = input
      %0 float32[1, 1] = constant() {value: [0.125]}
      %1 float32[2, 4] = broadcast(%0) {shape: [2, 4]}
      %2 float32[2, 4] = matmul(%x, %layer.weight) {transposeA: false, transposeB: true}
      %3 float32[2, 4] = add(%2, %layer.bias)
      %4 float32[2, 4] = subtract(%3, %target)
      %5 float32[2, 4] = multiply(%1, %4)
      %6 float32[2, 4] = add(%5, %5)
      %7 float32[4, 3] = matmul(%6, %x) {transposeA: true, transposeB: false}
      %8 float32[1, 4] = sum(%6) {axes: [0]}
      %9 float32[4] = reshape(%8) {shape: [4]}
      return weight: %7, bias: %9"
    `);
  });

  it('of a relu', () => {
    const graph = trace((x: Tensor) => gradient(sum(relu(x)), x), spec([3]));
    expect(print(graph)).toMatchInlineSnapshot(`
      "%input float32[3] = input
      %0 float32[] = constant() {value: [0]}
      %1 bool[3] = greater(%0, %input)
      %2 float32[1] = constant() {value: [1]}
      %3 float32[3] = broadcast(%2) {shape: [3]}
      %4 float32[3] = select(%1, %0, %3)
      return %4"
    `);
  });

  it('of a softmax times a matrix', () => {
    const graph = trace(
      ({ scores, value }: { scores: Tensor; value: Tensor }) =>
        gradient(sum(matmul(softmax(scores), value)), scores),
      { scores: spec([2, 5]), value: spec([5, 3]) },
    );
    expect(print(graph)).toMatchInlineSnapshot(`
      "%scores float32[2, 5] = input
      %value float32[5, 3] = input
      %0 float32[1, 1] = constant() {value: [1]}
      %1 float32[2, 3] = broadcast(%0) {shape: [2, 3]}
      %2 float32[2, 5] = matmul(%1, %value) {transposeA: false, transposeB: true}
      %3 float32[2, 5] = softmax(%scores)
      %4 float32[2, 5] = multiply(%2, %3)
      %5 float32[2, 1] = sum(%4) {axes: [1]}
      %6 float32[2, 5] = multiply(%3, %5)
      %7 float32[2, 5] = subtract(%4, %6)
      return %7"
    `);
  });

  it('of an embedding: only the rows that were looked up', () => {
    const graph = trace(
      ({ table, tokens }: { table: Tensor; tokens: Tensor }) => gradient(sum(gather(table, tokens)), table),
      { table: spec([9, 2]), tokens: spec([4], 'int32') },
    );
    expect(print(graph)).toMatchInlineSnapshot(`
      "%table float32[9, 2] = input
      %tokens int32[4] = input
      %0 float32[1, 1] = constant() {value: [1]}
      %1 float32[4, 2] = broadcast(%0) {shape: [4, 2]}
      %2 float32[9, 2] = scatterAdd(%1, %tokens) {rows: 9}
      return %2"
    `);
  });

  it('of a layer norm, with respect to its scale', () => {
    const graph = trace(
      ({ x, weight, bias }: { x: Tensor; weight: Tensor; bias: Tensor }) =>
        gradient(sum(layerNorm(x, { weight, bias })), weight),
      { x: spec([2, 3]), weight: spec([3]), bias: spec([3]) },
    );
    expect(print(graph)).toMatchInlineSnapshot(`
      "%x float32[2, 3] = input
      %weight float32[3] = input
      %bias float32[3] = input
      %0 float32[2, 1] = sum(%x) {axes: [1]}
      %1 float32[] = constant() {value: [3]}
      %2 float32[2, 1] = divide(%0, %1)
      %3 float32[2, 3] = subtract(%x, %2)
      %4 float32[2, 3] = multiply(%3, %3)
      %5 float32[2, 1] = sum(%4) {axes: [1]}
      %6 float32[2, 1] = divide(%5, %1)
      %7 float32[] = constant() {value: [0.000009999999747378752]}
      %8 float32[2, 1] = add(%6, %7)
      %9 float32[2, 1] = sqrt(%8)
      %10 float32[2, 1] = reciprocal(%9)
      %11 float32[2, 3] = multiply(%3, %10)
      %12 float32[1, 3] = sum(%11) {axes: [0]}
      %13 float32[3] = reshape(%12) {shape: [3]}
      return %13"
    `);
  });

  it('of a cross entropy', () => {
    const graph = trace(
      ({ logits, targets }: { logits: Tensor; targets: Tensor }) =>
        gradient(crossEntropy(logits, targets), logits),
      { logits: spec([2, 3]), targets: spec([2], 'int32') },
    );
    expect(print(graph)).toMatchInlineSnapshot(`
      "%logits float32[2, 3] = input
      %targets int32[2] = input
      %0 float32[1] = constant() {value: [-0.5]}
      %1 float32[2] = broadcast(%0) {shape: [2]}
      %2 float32[2] = negate(%1)
      %3 float32[2, 1] = max(%logits) {axes: [1]}
      %4 float32[2, 3] = subtract(%logits, %3)
      %5 float32[2, 3] = exp(%4)
      %6 float32[2, 1] = sum(%5) {axes: [1]}
      %7 float32[2] = reshape(%6) {shape: [2]}
      %8 float32[2] = divide(%2, %7)
      %9 float32[2, 1] = reshape(%8) {shape: [2, 1]}
      %10 float32[2, 3] = broadcast(%9) {shape: [2, 3]}
      %11 float32[2, 3] = multiply(%10, %5)
      %12 float32[2, 1] = reshape(%1) {shape: [2, 1]}
      %13 float32[2, 3] = broadcast(%12) {shape: [2, 3]}
      %14 int32[2, 1] = reshape(%targets) {shape: [2, 1]}
      %15 int32[3] = constant() {value: [0, 1, 2]}
      %16 bool[2, 3] = equal(%14, %15)
      %17 float32[2, 3] = cast(%16) {dtype: float32}
      %18 float32[2, 3] = multiply(%13, %17)
      %19 float32[2, 3] = add(%11, %18)
      return %19"
    `);
  });
});
