/**
 * Draws pictures of the pocket world side by side, to look at:
 *   tsx scripts/draw-pocket-sheet.ts <scenes|benchmark|one-shot> <file.png> [pixels per picture] [seed]
 * `scenes` are random ones; the benchmarks show each concept's references, then, for its first sources, source
 * and oracle in turn.
 */
import sharp from 'sharp';
import { fold, randomKey } from '../src/engine/arrays/index.ts';
import {
  type BenchmarkSet,
  benchmarkSet,
  oneShotSet,
  randomScene,
  renderScene,
  type Scene,
} from '../src/pocket/world/index.ts';

const [what = '', file, size = '128', seed = '1'] = process.argv.slice(2);
const sheets: Readonly<Record<string, () => Scene[][]>> = {
  scenes: () => randomRows(Number(seed)),
  benchmark: () => benchmarkRows(benchmarkSet()),
  'one-shot': () => benchmarkRows(oneShotSet()),
};
const sheet = sheets[what];
if (sheet === undefined || file === undefined) {
  throw new Error(`draw-pocket-sheet: expected one of ${Object.keys(sheets).join(', ')} and a file to write`);
}
await drawSheet(sheet(), Number(size), file);

function randomRows(seed: number): Scene[][] {
  return Array.from({ length: 8 }, (_, row) =>
    Array.from({ length: 10 }, (_, column) => randomScene(fold(randomKey(seed), 10 * row + column))),
  );
}

function benchmarkRows({ concepts, sources, pairs }: BenchmarkSet): Scene[][] {
  return concepts.map(({ concept, references }) => [
    ...references.slice(0, 4),
    ...pairs
      .filter((pair) => pair.concept === concept.name)
      .slice(0, 4)
      .flatMap((pair) => [sources.find(({ name }) => name === pair.source)!.scene, pair.oracle]),
  ]);
}

async function drawSheet(rows: readonly Scene[][], size: number, file: string): Promise<void> {
  const tiles = await Promise.all(
    rows.flatMap((scenes, row) =>
      scenes.map(async (scene, column) => ({
        input: Buffer.from((await renderScene(scene, size)).pixels),
        raw: { width: size, height: size, channels: 3 as const },
        left: column * size,
        top: row * size,
      })),
    ),
  );
  const width = size * Math.max(...rows.map((scenes) => scenes.length));
  await sharp({ create: { width, height: size * rows.length, channels: 3, background: '#ffffff' } })
    .composite(tiles)
    .png()
    .toFile(file);
}
