import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { vocabularyFromMerges } from '../../../../src/networks/clip/tokenizer/index.ts';
import { goldenPath } from '../../../golden.ts';
import { compareTokenizer } from '../../../parity/tokenizer.ts';

const hasVocabulary = existsSync(goldenPath('tokenizer', 'vocab.json'));

describe.skipIf(!hasVocabulary)(
  "CLIP's own vocabulary (not in this repository; skipped where absent)",
  () => {
    it('gives the ids of the reference implementations', async () => {
      const failures: string[] = [];
      let count = 0;
      for await (const { name, pass } of compareTokenizer(goldenPath('tokenizer'))) {
        count++;
        if (!pass) failures.push(name);
      }
      expect(failures).toEqual([]);
      expect(count).toBeGreaterThan(300);
    });

    it('follows from its merges', () => {
      const merges = readFileSync(goldenPath('tokenizer', 'merges.txt'), 'utf8').trim().split('\n').slice(1);
      const vocabulary: unknown = JSON.parse(readFileSync(goldenPath('tokenizer', 'vocab.json'), 'utf8'));
      expect(Object.fromEntries(vocabularyFromMerges(merges))).toEqual(vocabulary);
    });
  },
);
