import { located } from '../format-error.ts';
import { allowedGlobal } from './allowed-globals.ts';
import { applyState, call, setItems } from './apply-global.ts';
import { type Opcode, opcodes } from './opcodes.ts';
import {
  damaged,
  type PickleMachine,
  pickleMachine,
  pop,
  popGlobal,
  popMark,
  push,
  recall,
  spend,
  top,
} from './pickle-machine.ts';
import { isKind, type PickleSequence, type PickleStorage, type PickleValue } from './pickle-value.ts';
import { storageOf } from './rebuild-tensor.ts';

export interface PickleResult {
  readonly value: PickleValue;
  /** Position after the pickle. */
  readonly end: number;
  readonly storages: ReadonlyMap<string, PickleStorage>;
}

/**
 * Interprets the pickle that begins at `start`, executing nothing: a global is a name looked up in an allow-list
 * (allowed-globals.ts), and what the list says of it is plain data. Anything else refuses the file.
 */
export function readPickle(bytes: Uint8Array, start = 0): PickleResult {
  const machine = pickleMachine(bytes, start);
  const { reader, storages } = machine;
  for (;;) {
    const position = reader.position;
    try {
      spend(machine, 1);
      const code = reader.uint8();
      if (code === opcodes.STOP) return { value: pop(machine), end: reader.position, storages };
      const operation = operationsByCode.get(code);
      if (operation === undefined) {
        throw damaged(`has the byte 0x${code.toString(16)} where torch.save writes an opcode`);
      }
      operation(machine);
    } catch (error) {
      throw located(`pickle byte ${position}`, error);
    }
  }
}

const sequence = (kind: PickleSequence['kind'], items: PickleValue[]): PickleSequence => ({ kind, items });

const operations: { readonly [O in Exclude<Opcode, 'STOP'>]: (machine: PickleMachine) => void } = {
  PROTO(machine) {
    const version = machine.reader.uint8();
    if (version > 5) throw damaged(`claims protocol ${version}, the newest is 5`);
  },
  FRAME: ({ reader }) => void reader.bytes(8), // a hint for streaming; the bytes follow anyway

  MARK: ({ stack, marks }) => void marks.push(stack.length),
  POP: (machine) => void pop(machine),
  BINPUT: (machine) => void machine.memo.set(machine.reader.uint8(), top(machine)),
  LONG_BINPUT: (machine) => void machine.memo.set(machine.reader.uint32(), top(machine)),
  MEMOIZE: (machine) => void machine.memo.set(machine.memo.size, top(machine)),
  BINGET: (machine) => push(machine, recall(machine, machine.reader.uint8())),
  LONG_BINGET: (machine) => push(machine, recall(machine, machine.reader.uint32())),

  NONE: (machine) => push(machine, null),
  NEWTRUE: (machine) => push(machine, true),
  NEWFALSE: (machine) => push(machine, false),
  BININT1: (machine) => push(machine, machine.reader.uint8()),
  BININT2: (machine) => push(machine, machine.reader.uint16()),
  BININT: (machine) => push(machine, machine.reader.int32()),
  LONG1: (machine) => push(machine, machine.reader.integer(machine.reader.uint8())),
  BINFLOAT: (machine) => push(machine, machine.reader.float64()),
  SHORT_BINUNICODE: (machine) => push(machine, machine.reader.text(machine.reader.uint8())),
  BINUNICODE: (machine) => push(machine, machine.reader.text(machine.reader.uint32())),
  // Python 2 wrote its names so; PyTorch, too, takes them for UTF-8.
  SHORT_BINSTRING: (machine) => push(machine, machine.reader.text(machine.reader.uint8())),
  BINSTRING: (machine) => push(machine, machine.reader.text(machine.reader.uint32())),
  SHORT_BINBYTES: (machine) => pushBytes(machine, machine.reader.uint8()),
  BINBYTES: (machine) => pushBytes(machine, machine.reader.uint32()),

  EMPTY_TUPLE: (machine) => push(machine, sequence('tuple', [])),
  TUPLE1: (machine) => push(machine, sequence('tuple', [pop(machine)])),
  TUPLE2(machine) {
    const second = pop(machine);
    push(machine, sequence('tuple', [pop(machine), second]));
  },
  TUPLE3(machine) {
    const third = pop(machine);
    const second = pop(machine);
    push(machine, sequence('tuple', [pop(machine), second, third]));
  },
  TUPLE: (machine) => push(machine, sequence('tuple', popMark(machine))),

  EMPTY_LIST: (machine) => push(machine, sequence('list', [])),
  APPEND(machine) {
    const item = pop(machine);
    append(machine, 'list', [item]);
  },
  APPENDS: (machine) => append(machine, 'list', popMark(machine)),
  EMPTY_SET: (machine) => push(machine, sequence('set', [])),
  ADDITEMS: (machine) => append(machine, 'set', popMark(machine)),

  EMPTY_DICT: (machine) => push(machine, { kind: 'dict', entries: new Map() }),
  SETITEM(machine) {
    const value = pop(machine);
    const key = pop(machine);
    setItems(top(machine), [key, value]);
  },
  SETITEMS(machine) {
    const items = popMark(machine);
    setItems(top(machine), items);
  },

  GLOBAL({ reader, stack }) {
    const module = reader.line();
    stack.push(allowedGlobal(module, reader.line()));
  },
  STACK_GLOBAL(machine) {
    const name = pop(machine);
    const module = pop(machine);
    if (typeof module !== 'string' || typeof name !== 'string') throw damaged('names a global by no text');
    push(machine, allowedGlobal(module, name));
  },
  REDUCE(machine) {
    const args = pop(machine);
    push(machine, call(popGlobal(machine, 'calls'), args, machine));
  },
  NEWOBJ(machine) {
    const args = pop(machine);
    push(machine, call(popGlobal(machine, 'makes an instance of'), args, machine));
  },
  BUILD(machine) {
    const state = pop(machine);
    applyState(top(machine), state, machine);
  },
  BINPERSID: (machine) => push(machine, storageOf(pop(machine), machine)),
};

const operationsByCode: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map(
  Object.entries(operations).map(([name, operation]) => [opcodes[name as Opcode], operation]),
);

const pushBytes = (machine: PickleMachine, length: number): void =>
  push(machine, { kind: 'bytes', bytes: machine.reader.bytes(length) });

function append(machine: PickleMachine, kind: 'list' | 'set', items: readonly PickleValue[]): void {
  const target = top(machine);
  if (!isKind(target, kind)) {
    throw damaged(`appends to something that is not a ${kind}`);
  }
  for (const item of items) target.items.push(item);
}
