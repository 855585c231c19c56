import { expect, test } from 'vitest';
import { completeTask } from '../../src/index.ts';
import { temporaryFolder } from '../files/formats/temporary-folder.ts';
import { describeBuiltIn } from './built-in-model.ts';

const folder = temporaryFolder();

describeBuiltIn('on the built-in model', () => {
  test('the demo finds the subject, and ends nearer to the right answer than it began', async () => {
    const { distance, maskOverlap } = await completeTask('demo', {
      output: folder.path('demo'),
      device: 'cpu',
    });
    expect(maskOverlap).toBeGreaterThan(0.7);
    expect(distance.after).toBeLessThan(distance.before);
  });
});
