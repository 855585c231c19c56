import type { DType, Shape, TypedArray } from '../arrays/index.ts';
import type { ConcreteDeviceName } from './devices.ts';

/** What crosses the border between the caller's thread and the worker that runs the native library. */
export interface ValueHeader {
  readonly path: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface Value extends ValueHeader {
  readonly data: TypedArray;
}

/** What a program's output is for: handed to the caller, or the next value of a state's leaf. */
export type OutputTarget =
  | { readonly kind: 'result' }
  | { readonly kind: 'state'; readonly statePath: string; readonly overwrite: 'in place' | 'after the run' };

export interface ProgramDescription {
  readonly model: Uint8Array;
  readonly hash: string;
  readonly device: ConcreteDeviceName;
  readonly threads: number | undefined;
  /** Folder of the external constants; undefined if there are none. */
  readonly weightsFolder: string | undefined;
  /** Whether kernels may keep rearranged copies of constants, which is faster and takes memory. */
  readonly prepack: boolean;
  readonly memory: 'pooled' | 'returned';
  readonly inputs: readonly ValueHeader[];
  /** Inputs that are read from a state: [name of the input, path in the state]. */
  readonly stateInputs: readonly (readonly [input: string, statePath: string])[];
  readonly outputs: readonly (ValueHeader & { readonly target: OutputTarget })[];
}

/** A leaf of a state that is a leaf of another state too. */
export interface SharedLeaf {
  readonly path: string;
  readonly from: number;
  readonly fromPath: string;
}

export type Request =
  | { readonly kind: 'compile'; readonly program: number; readonly description: ProgramDescription }
  | {
      readonly kind: 'run';
      readonly program: number;
      readonly feeds: readonly Value[];
      readonly state: number | undefined;
    }
  | { readonly kind: 'forget'; readonly program: number }
  | { readonly kind: 'put'; readonly state: number; readonly values: readonly Value[] }
  | { readonly kind: 'combine'; readonly state: number; readonly leaves: readonly SharedLeaf[] }
  | { readonly kind: 'read'; readonly state: number; readonly paths: readonly string[] }
  | { readonly kind: 'release'; readonly state: number };

export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
}

export type ResponseMessage =
  | { readonly id: number; readonly values: readonly Value[] }
  | { readonly id: number; readonly error: string };
