import { FormatError, quote } from '../format-error.ts';
import { PickleReader } from './pickle-reader.ts';
import { isKind, type PickleGlobal, type PickleStorage, type PickleValue } from './pickle-value.ts';

/** The state of a pickle being interpreted: its stack, its memo and what it may still spend. */
export interface PickleMachine {
  readonly reader: PickleReader;
  readonly stack: PickleValue[];
  /** Positions in the stack. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
  /** Every storage that was named, by its key in the file. */
  readonly storages: Map<string, PickleStorage>;
  stepsLeft: number;
}

/**
 * A step is an opcode, or eight values copied. A state dict takes some 40 steps a tensor, so this is 25,000
 * tensors, and SDXL has 2,600. The dearest step, an empty dict, takes 250 bytes: a hostile pickle gets 250 MB
 * and half a second.
 */
export const MOST_STEPS = 1_000_000;

export const pickleMachine = (bytes: Uint8Array, start: number): PickleMachine => ({
  reader: new PickleReader(bytes, start),
  stack: [],
  marks: [],
  memo: new Map(),
  storages: new Map(),
  stepsLeft: MOST_STEPS,
});

/** Pays for what an opcode or an allowed global does. */
export function spend(machine: PickleMachine, steps: number): void {
  machine.stepsLeft -= steps;
  if (machine.stepsLeft < 0) {
    throw new FormatError(
      `its pickle takes more than ${MOST_STEPS} steps; it holds something else than weights, save the weights alone`,
    );
  }
}

/** Values that are copied as one: a list of arguments, the bytes of a text. */
export const spendOnCopy = (machine: PickleMachine, length: number): void =>
  spend(machine, Math.ceil(length / 8));

export const push = (machine: PickleMachine, value: PickleValue): void => {
  machine.stack.push(value);
};

export function pop(machine: PickleMachine): PickleValue {
  const value = top(machine);
  machine.stack.pop();
  return value;
}

export function top({ stack, marks }: PickleMachine): PickleValue {
  if (stack.length <= (marks.at(-1) ?? 0)) throw damaged('takes a value from an empty stack');
  return stack.at(-1)!;
}

/** Everything above the latest mark; both go. */
export function popMark(machine: PickleMachine): PickleValue[] {
  const mark = machine.marks.pop();
  if (mark === undefined) throw damaged('returns to a mark it never made');
  const items = machine.stack.splice(mark);
  spendOnCopy(machine, items.length);
  return items;
}

export function popGlobal(machine: PickleMachine, use: string): PickleGlobal {
  const value = pop(machine);
  if (isKind(value, 'global')) return value;
  throw damaged(`${use} something that is not a global`);
}

export function recall({ memo }: PickleMachine, index: number): PickleValue {
  const value = memo.get(index);
  if (value === undefined) throw damaged(`recalls entry ${quote(String(index))}, which it never stored`);
  return value;
}

/** For pickles that no pickler writes. */
export const damaged = (what: string): FormatError =>
  new FormatError(`its pickle ${what}; the file is damaged, fetch it again`);
