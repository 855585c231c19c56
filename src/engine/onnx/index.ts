export { type Emission, type EmittedModel, emit } from './emit.ts';
export type { Dialect } from './node-builder.ts';
