export * from './arrays/index.ts';
export * from './autodiff/index.ts';
export * from './graph/index.ts';
export * from './onnx/index.ts';
export * from './runtime/index.ts';
export * from './training/index.ts';
