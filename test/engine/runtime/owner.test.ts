import { describe, expect, test } from 'vitest';
import { firstError, Owner } from '../../../src/engine/index.ts';

/** What says its name when it is disposed of, or fails to be. */
const thing = (name: string, said: string[], fails = false) => ({
  dispose: async () => {
    said.push(name);
    if (fails) throw new Error(`${name} stays`);
  },
});

describe('an owner', () => {
  test.each(['at its end', 'where it throws', 'where its caller stops'] as const)(
    'releases what a function acquired, the last first, %s',
    async (when) => {
      const said: string[] = [];
      async function* acquiring() {
        await using owner = new Owner();
        owner.use(thing('first', said));
        owner.use(undefined);
        owner.defer(thing('second', said).dispose);
        yield owner.adopt(thing('third', said), ({ dispose }) => dispose());
        if (when === 'where it throws') throw new Error('enough');
      }
      const walk = acquiring();
      await walk.next();
      expect(said).toEqual([]);
      if (when === 'where it throws') await expect(walk.next()).rejects.toThrow('enough');
      else if (when === 'at its end') await walk.next();
      else await walk.return(undefined);
      expect(said).toEqual(['third', 'second', 'first']);
    },
  );

  test('that has handed everything on releases nothing; the next one does, once', async () => {
    const said: string[] = [];
    const acquire = async () => {
      await using owner = new Owner();
      owner.use(thing('first', said));
      return owner.move();
    };
    const next = await acquire();
    expect(said).toEqual([]);
    next.use(thing('second', said));
    await next.dispose();
    await next.dispose();
    expect(said).toEqual(['second', 'first']);
  });

  test('goes on after what cannot be released, and keeps the errors', async () => {
    const said: string[] = [];
    const owner = new Owner();
    for (const name of ['first', 'second', 'third']) owner.use(thing(name, said, name !== 'second'));
    const error = await owner.dispose().catch((error: AggregateError) => error);
    expect(said).toEqual(['third', 'second', 'first']);
    expect((error as AggregateError).errors.map(({ message }) => message)).toEqual([
      'third stays',
      'first stays',
    ]);
    owner.use(thing('alone', said, true));
    await expect(owner.dispose()).rejects.toThrow(/^alone stays$/);
  });

  test('whose release fails after an error does not hide the error', async () => {
    const failing = async () => {
      await using outer = new Owner();
      await using inner = new Owner();
      for (const owner of [outer, inner]) owner.use(thing('it', [], true));
      throw new TypeError('enough');
    };
    expect(firstError(await failing().catch((error: unknown) => error))).toEqual(new TypeError('enough'));
    expect(firstError('no error')).toBe('no error');
  });
});
