import { FormatError, quote } from '../format-error.ts';
import type { Constructed } from './allowed-globals.ts';
import { fillNumpyArray, numpyDtype, numpyScalar, setByteOrder } from './numpy-values.ts';
import { damaged, type PickleMachine, spendOnCopy } from './pickle-machine.ts';
import {
  describeValue,
  isKind,
  type PickleDict,
  type PickleGlobal,
  type PickleSequence,
  type PickleValue,
} from './pickle-value.ts';
import type { PlainKey } from './plain-value.ts';
import { rebuildTensor } from './rebuild-tensor.ts';

/** What calling an allowed global with a tuple of arguments would have made. */
export function call(global: PickleGlobal, args: PickleValue, machine: PickleMachine): PickleValue {
  if (global.allowed.as !== 'call') throw damaged(`calls ${global.name}, which nothing calls`);
  return rules[global.allowed.constructs](itemsOf(args, global.name, 'tuple'), machine);
}

/** Python's `__setstate__`: what arrives after an object was made. */
export function applyState(target: PickleValue, state: PickleValue, machine: PickleMachine): void {
  if (isKind(target, 'dict')) return; // attributes, such as the versions of a state dict's modules, are no weights
  if (isKind(target, 'parameter dict')) fillParameters(target, state, machine);
  else if (isKind(target, 'numpy dtype')) setByteOrder(itemsOf(state, "a dtype's state", 'tuple'));
  else if (isKind(target, 'numpy array')) fillNumpyArray(target, itemsOf(state, "an array's state", 'tuple'));
  else throw damaged(`gives a state to ${describeValue(target)}`);
}

/** Items are keys and values in turn. No pickler writes a key twice, so twice means that someone did. */
export function setItems(target: PickleValue, items: readonly PickleValue[]): void {
  if (!isKind(target, 'dict')) throw damaged(`sets an item of ${describeValue(target)}`);
  if (items.length % 2 !== 0) throw damaged('sets a key without a value');
  for (let index = 0; index < items.length; index += 2) {
    const key = asKey(items[index]!);
    if (target.entries.has(key)) {
      throw new FormatError(
        `the key ${quote(String(key))} is twice in one dict; the file is not to be trusted, fetch it again`,
      );
    }
    target.entries.set(key, items[index + 1]!);
  }
}

type Rule = (args: readonly PickleValue[], machine: PickleMachine) => PickleValue;

const rules: { readonly [C in Constructed]: Rule } = {
  tensor: (args) => rebuildTensor(args),
  parameter([tensor]) {
    if (isKind(tensor, 'tensor')) return tensor;
    throw damaged(`makes a parameter of ${describeValue(tensor)}`);
  },
  'parameter dict': () => ({ kind: 'parameter dict', entries: new Map() }),
  'ordered dict'([pairs], machine) {
    const target: PickleValue = { kind: 'dict', entries: new Map() };
    const items = pairs === undefined ? [] : itemsOf(pairs, 'OrderedDict', 'list');
    spendOnCopy(machine, 8 * items.length);
    for (const pair of items) setItems(target, itemsOf(pair, 'OrderedDict', 'list', 'tuple').slice(0, 2));
    return target;
  },
  // The list made for the set is its own; sharing it costs nothing, however often a pickle asks.
  set: ([items]) => ({ kind: 'set', items: items === undefined ? [] : itemsOf(items, 'set', 'list') }),
  size: ([sizes]) => ({ kind: 'tuple', items: itemsOf(sizes, 'torch.Size', 'tuple') }),
  device([type, index], machine) {
    if (typeof type !== 'string') throw damaged(`makes a device of ${describeValue(type)}`);
    spendOnCopy(machine, type.length);
    return typeof index === 'number' ? `${type}:${index}` : type;
  },
  bytes([argument]) {
    if (argument !== undefined) throw damaged('makes bytes of an argument');
    return { kind: 'bytes', bytes: new Uint8Array() };
  },
  'encoded text'([text, encoding], machine) {
    if (typeof text !== 'string' || encoding !== 'latin1')
      throw damaged('encodes a text otherwise than as latin1');
    spendOnCopy(machine, text.length);
    return { kind: 'bytes', bytes: new Uint8Array(Buffer.from(text, 'latin1')) };
  },
  'numpy dtype': (args) => numpyDtype(args),
  'numpy scalar': (args) => numpyScalar(args),
  'numpy array': () => ({ kind: 'numpy array' }),
};

/** A module's state is its attributes; the parameters are in one of them. */
function fillParameters({ entries }: PickleDict, state: PickleValue, machine: PickleMachine): void {
  const parameters = isKind(state, 'dict') ? state.entries.get('_parameters') : undefined;
  if (!isKind(parameters, 'dict')) throw damaged('has a ParameterDict without parameters');
  spendOnCopy(machine, 8 * parameters.entries.size);
  for (const [key, value] of parameters.entries) entries.set(key, value);
}

function itemsOf(
  value: PickleValue | undefined,
  where: string,
  ...kinds: readonly PickleSequence['kind'][]
): PickleValue[] {
  if (isKind(value, ...kinds)) return value.items;
  throw damaged(`has ${describeValue(value)} for ${where} where a ${kinds.join(' or ')} belongs`);
}

function asKey(value: PickleValue): PlainKey {
  if (value === null || typeof value !== 'object') return value;
  if (isKind(value, 'global') && value.allowed.as === 'name') return value.name;
  throw new FormatError(
    `a dict has ${describeValue(value)} as a key, texts and numbers are read; save the weights alone`,
  );
}
