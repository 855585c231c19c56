import type { DType } from '../arrays/index.ts';

/** TensorProto.DataType of ONNX. */
export const dataTypes: { readonly [D in DType]: number } = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
