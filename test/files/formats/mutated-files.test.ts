import { describe, expect, it } from 'vitest';
import { fold, integers, type RandomKey, randomKey, zeros } from '../../../src/engine/arrays/index.ts';
import { encodeSafetensors, FormatError } from '../../../src/files/formats/index.ts';
import { readEverything } from './expect-refusal.ts';
import { handMadeZip } from './hand-made-zip.ts';
import {
  call,
  dict,
  global,
  int,
  list,
  type PickleItem,
  pickle,
  tensor,
  text,
  tuple,
} from './pickle-bytes.ts';
import { torchLegacy, torchZip } from './torch-bytes.ts';

const RUNS = 1500;
/** A reader that hangs on a mutated file, or takes it apart value by value, would need far longer. */
const LONGEST_READ_MILLISECONDS = 2000;

const object: PickleItem = dict(
  text('state_dict'),
  [
    call('collections', 'OrderedDict'),
    ['MARK', text('a'), tensor(), text('b'), tensor({ shape: [2, 2], strides: [1, 2] }), 'SETITEMS'],
  ],
  text('numbers'),
  list(int(1), int(2 ** 40), 'NONE', tuple('NEWTRUE')),
  text('numpy'),
  [
    call('numpy.core.multiarray', '_reconstruct', global('numpy', 'ndarray')),
    tuple(
      int(1),
      tuple(int(1)),
      call('numpy', 'dtype', text('f4')),
      'NEWFALSE',
      call('_codecs', 'encode', text('\0\0\0\0'), text('latin1')),
    ),
    'BUILD',
  ],
);

const deflated = (): Buffer =>
  handMadeZip([
    { name: 'x/data.pkl', bytes: pickle(object), method: 8 },
    { name: 'x/data/0', bytes: Buffer.alloc(16), method: 8 },
  ]);

const safetensors = () =>
  encodeSafetensors(
    [
      ['a', zeros([2, 3])],
      ['b', zeros([5], 'bool')],
      ['c', zeros([0], 'int64')],
    ],
    { metadata: new Map([['format', 'pt']]) },
  );

describe('a mutated file is read or refused in a sentence, soon:', () => {
  it.each([
    ['safetensors', safetensors],
    ['torch zip', () => torchZip(object)],
    ['deflated torch zip', async () => deflated()],
    ['torch legacy', async () => torchLegacy(object)],
    ['pickle', async () => torchLegacy([object, object, 'POP'])],
  ])('%s', async (kind, make) => {
    const original = Uint8Array.from(await make());
    await readEverything(original);
    let refused = 0;
    for (let run = 0; run < RUNS; run++) {
      const bytes = mutate(original, fold(fold(randomKey(4), kind), run));
      const start = performance.now();
      const error: unknown = await readEverything(bytes).then(
        () => undefined,
        (reason) => reason,
      );
      const milliseconds = performance.now() - start;
      if (error !== undefined) {
        refused++;
        if (!(error instanceof FormatError)) throw new Error(`run ${run} of ${kind}`, { cause: error });
        expect(error.message).toMatch(/^file: [^\n]{1,600}$/);
      }
      expect(milliseconds, `run ${run} of ${kind}`).toBeLessThan(LONGEST_READ_MILLISECONDS);
    }
    expect(refused).toBeGreaterThan(RUNS / 4);
    expect(refused).toBeLessThan(RUNS);
  });
});

/** One to four times: a byte or a number replaced, bytes taken out, doubled or inserted, the end cut off. */
function mutate(original: Uint8Array, key: RandomKey): Uint8Array {
  let bytes = Buffer.from(original);
  const draw = (label: string, below: number) => integers(fold(key, label), [1], 0, below).data[0]!;
  const times = 1 + draw('times', 4);
  for (let time = 0; time < times; time++) {
    if (bytes.length === 0) break;
    const at = draw(`at ${time}`, bytes.length);
    const length = 1 + draw(`length ${time}`, 16);
    switch (draw(`kind ${time}`, 7)) {
      case 0:
        bytes[at] = draw(`byte ${time}`, 256);
        break;
      case 1:
        bytes[at] = bytes[at]! ^ (1 << draw(`bit ${time}`, 8));
        break;
      case 2:
        bytes.subarray(at, at + length).fill(0xff);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 5:
        bytes.subarray(at, at + length).fill(0);
        break;
      default:
        if (time === 0) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}
