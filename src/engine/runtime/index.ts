export type { CompileOptions } from './describe-program.ts';
export { type Device, type DeviceOptions, openDevice } from './device.ts';
export { type ConcreteDeviceName, type DeviceName, listDevices } from './devices.ts';
export { firstError, Owner } from './owner.ts';
export type { ArraysOf, Program, RunOptions, StepProgram, StepResult } from './program.ts';
export { type LazySource, readSource, type Source, type State, type StateLeaf } from './state.ts';
