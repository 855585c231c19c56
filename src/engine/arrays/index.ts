export * from './dtype.ts';
export * from './half-floats.ts';
export * from './join-arrays.ts';
export * from './nd-array.ts';
export * from './random.ts';
export * from './shape.ts';
export * from './tree.ts';
