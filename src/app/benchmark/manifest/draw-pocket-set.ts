import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../../files/formats/replace-file.ts';
import { encodePicture, makePicture } from '../../../files/images/index.ts';
import {
  type BenchmarkSet,
  benchmarkSet,
  oneShotSet,
  renderScene,
  type Scene,
} from '../../../pocket/world/index.ts';
import type { SuiteName } from '../plan/variants.ts';
import type { Manifest } from './manifest.ts';

/** The sets that the drawn world has. */
export type PocketSetName = 'pocket' | 'one-shot';

const sets: {
  readonly [S in PocketSetName]: {
    readonly title: string;
    readonly suites: readonly SuiteName[];
    readonly make: (variation: number) => BenchmarkSet;
  };
} = {
  pocket: { title: 'Pocket benchmark', suites: ['main', 'ablation'], make: benchmarkSet },
  'one-shot': { title: 'Pocket benchmark, one reference picture', suites: ['one-shot'], make: oneShotSet },
};

export interface DrawnPicture {
  readonly path: string;
  readonly done: number;
  readonly total: number;
}

export interface PocketSetDrawing {
  /** Side of the pictures in pixels. */
  readonly size: number;
  /** 0 for the set that results are reported on. */
  readonly variation: number;
}

/** Draws a set of the built-in world into a folder: references, sources and right edits, each with its mask. */
export async function* drawPocketSet(
  name: PocketSetName,
  folder: string,
  { size, variation }: PocketSetDrawing,
): AsyncGenerator<DrawnPicture, Manifest, undefined> {
  const { title, suites, make } = sets[name];
  const set = make(variation);
  const scenes: (readonly [path: string, scene: Scene])[] = [
    ...set.concepts.flatMap(({ concept, references }) =>
      references.map((scene, index) => [`concepts/${concept.name}/0${index + 1}`, scene] as const),
    ),
    ...set.sources.map(({ name, scene }) => [`sources/${name}`, scene] as const),
    ...set.pairs.map(({ concept, source, oracle }) => [`oracles/${source}-as-${concept}`, oracle] as const),
  ];
  for (const [index, [path, scene]] of scenes.entries()) {
    const { pixels, mask } = await renderScene(scene, size);
    await writePng(join(folder, `${path}.png`), size, pixels);
    await writePng(join(folder, `${path}.mask.png`), size, greyPixels(mask));
    yield { path: join(folder, `${path}.png`), done: index + 1, total: scenes.length };
  }
  return manifestOf(variation === 0 ? title : `${title}, variation ${variation}`, suites, set);
}

function manifestOf(title: string, suites: readonly SuiteName[], set: BenchmarkSet): Manifest {
  return {
    format: 'dreamsteerer benchmark 1',
    title,
    suites: [...suites],
    concepts: set.concepts.map(({ concept }) => ({
      name: concept.name,
      classWord: concept.class,
      placeholder: `<${concept.name}>`,
      references: `concepts/${concept.name}`,
    })),
    sources: set.sources.map(({ name, scene, sourcePrompt, targetPrompt }) => ({
      name,
      concepts: set.pairs.filter(({ source }) => source === name).map(({ concept }) => concept),
      classWord: scene.subject.class,
      picture: `sources/${name}.png`,
      prompt: sourcePrompt,
      targetPrompt,
      mask: `sources/${name}.mask.png`,
      oracles: Object.fromEntries(
        set.pairs
          .filter(({ source }) => source === name)
          .map(({ concept }) => {
            const stem = `oracles/${name}-as-${concept}`;
            return [concept, { picture: `${stem}.png`, mask: `${stem}.mask.png` }];
          }),
      ),
    })),
  };
}

async function writePng(path: string, size: number, pixels: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const bytes = await encodePicture(makePicture(size, size, pixels), 'PNG');
  await replaceFile(path, (write) => write(bytes));
}

const greyPixels = (mask: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: 3 * mask.length }, (_, index) => mask[Math.floor(index / 3)]!);
