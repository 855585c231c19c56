import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { add, multiply, spec, sum, trace } from '../../../src/engine/graph/index.ts';
import { emit } from '../../../src/engine/onnx/index.ts';
import { runIntoBuffers } from '../../../src/engine/runtime/run-into-buffers.ts';

const size = 100_000;
const graph = trace((x) => ({ twice: multiply(x, 2), total: sum(x), more: add(x, 1) }), spec([size]));

let session: ort.InferenceSession;
beforeAll(async () => {
  session = await ort.InferenceSession.create(emit(graph).model);
});
afterAll(() => session.release());

const filled = (value: number) => new ort.Tensor('float32', new Float32Array(size).fill(value), [size]);
const isFilled = ({ data }: ort.Tensor, value: number) =>
  (data as Float32Array).every((element) => element === value);
const places = () => ({
  'output:twice': filled(0),
  'output:more': filled(0),
  'output:total': new ort.Tensor('float32', new Float32Array(1), []),
});

test('results are in the memory that was given for them, run after run', async () => {
  const written = places();
  const memories = Object.values(written).map(({ data }) => data);
  for (const value of [1, 3]) {
    await runIntoBuffers(session, { 'input:': filled(value) }, written);
    expect(written['output:total'].data).toEqual(Float32Array.of(value * size));
    expect(isFilled(written['output:twice'], 2 * value)).toBe(true);
    expect(isFilled(written['output:more'], value + 1)).toBe(true);
  }
  for (const [i, { data }] of Object.values(written).entries()) expect(data).toBe(memories[i]);
});

test('nothing but the smallest result is copied', async () => {
  const [input, written] = [{ 'input:': filled(1) }, places()];
  const before = process.memoryUsage().arrayBuffers;
  await runIntoBuffers(session, input, written);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size); // bytes: a quarter of one result
});

test('a run that fails says why, and leaves tensors as they are', async () => {
  const wrong = new ort.Tensor('float32', new Float32Array(2), [2]);
  await expect(runIntoBuffers(session, { 'input:': wrong }, places())).rejects.toThrow(/input:/);
  expect(new ort.Tensor('float32', new Float32Array(2), [2]).type).toBe('float32');
});
