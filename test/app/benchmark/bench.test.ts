import { describe, expect, test } from 'vitest';
import { tinyBench } from './tiny-bench.ts';

const { run, reportOf } = tinyBench();

// bench.slow.test.ts runs all suites, and learns by every method.
describe('bench', () => {
  test('learns, steers, edits, measures and reports, and does nothing twice', async () => {
    const asked = { baselines: ['lora'], suites: ['one-shot'], methods: ['dds-sm', 'steered'] };
    const { result, events } = await run('out', asked);
    expect(result.jobs).toMatchObject({ jobs: 6, done: 6, failed: [] });
    expect(events.filter(({ kind }) => kind === 'file')).toHaveLength(4);
    const { tables } = await reportOf('out');
    expect(tables[0].rows.map(({ variant }: { variant: string }) => variant)).toEqual(asked.methods);
    // PSNR of the unedited source would be infinite.
    const [unedited, edited] = tables[0].rows[0].curve;
    expect(unedited.means).not.toHaveProperty('background-psnr');
    expect(edited.means).toHaveProperty('background-psnr');
    const again = await run('out', asked);
    expect(again.result.jobs).toMatchObject({ alreadyDone: 6, failed: [] });
    expect((await reportOf('out')).tables).toEqual(tables);
  }, 240_000);

  test.each([
    [{ shard: '3/2' }, /shard: expected a part of a whole such as 2\/4, got "3\/2"/],
    [
      { baselines: ['dreamboth'] },
      /baselines: there is no baseline "dreamboth"; there are textual-inversion/,
    ],
    [{ settings: 'nowhere.json' }, /nowhere.json: cannot be read/],
    [{ suites: ['main'], methods: ['injection'] }, /nothing of that is asked for/],
  ] as const)('refuses %j', async (parameters, message) => {
    await expect(run('refused', parameters as object)).rejects.toThrow(message);
  });
});
