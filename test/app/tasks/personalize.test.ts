import { test } from 'vitest';
import { tinyEditing } from '../tiny-editing.ts';
import { expectToLearnBy } from './quick-tasks.ts';

const folder = tinyEditing();

// personalize.slow.test.ts has the other methods, class pictures, and what is stopped and gone on with.
test('personalize learns a concept that edit takes', () => expectToLearnBy(folder, 'lora'), 240_000);
