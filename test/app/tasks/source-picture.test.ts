import { expect, test } from 'vitest';
import { sizeLike } from '../../../src/app/tasks/generate/source-picture.ts';

test.each([
  ['a square', [1000, 1000], {}, [512, 512]],
  ['a landscape', [3000, 4000], {}, [440, 592]],
  ['a portrait', [1600, 900], {}, [680, 384]],
  ['a width', [3000, 4000], { width: 256 }, [192, 256]],
  ['a height', [3000, 4000], { height: 768 }, [768, 1024]],
  ['both', [3000, 4000], { height: 512, width: 512 }, [512, 512]],
  ['a strip', [4, 4000], {}, [16, 16192]],
  ['a strip and a side', [4, 4000], { width: 512 }, [8, 512]],
] as const)(
  'a picture of the shape of %s has whole multiples of 8',
  (_, [height, width], asked, [expectedHeight, expectedWidth]) => {
    expect(sizeLike({ height, width }, asked, 512)).toEqual({
      height: expectedHeight,
      width: expectedWidth,
    });
  },
);
