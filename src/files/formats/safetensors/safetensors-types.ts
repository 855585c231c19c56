import type { StoredType } from '../stored-type.ts';

/** Names of element types in a safetensors header. */
export const safetensorsTypes = {
  bool: 'BOOL',
  uint8: 'U8',
  int8: 'I8',
  int16: 'I16',
  float16: 'F16',
  bfloat16: 'BF16',
  int32: 'I32',
  float32: 'F32',
  float64: 'F64',
  int64: 'I64',
} as const satisfies { readonly [S in StoredType]: string };

/** Ascending as the reference library orders them; it writes the last first, which keeps every array aligned. */
export const typeOrder = Object.keys(safetensorsTypes) as readonly StoredType[];

export const typesByName: ReadonlyMap<string, StoredType> = new Map(
  typeOrder.map((type) => [safetensorsTypes[type], type]),
);
