import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makePicture, type Picture, writePicture } from '../../../files/images/index.ts';
import { renderScene, type Scene } from '../../../pocket/world/index.ts';
import type { DemoCase } from './demo-case.ts';

export interface DrawnCase {
  /** Paths. */
  readonly references: readonly string[];
  readonly source: string;
  readonly oracle: Picture;
  /** Of the source's subject and the right answer's. */
  readonly masks: { readonly source: Uint8Array; readonly oracle: Uint8Array };
}

/** Side of the drawn pictures: what the built-in model was trained with. */
export const SIDE = 128;

/** Draws a case into a folder; drawn again, it is the same to the last bit. */
export async function drawCase({ concept, source, oracle }: DemoCase, output: string): Promise<DrawnCase> {
  await mkdir(join(output, 'references'), { recursive: true });
  const draw = async (scene: Scene, path: string) => {
    const drawn = await renderScene(scene, SIDE);
    await writePicture(path, makePicture(SIDE, SIDE, drawn.pixels), { existing: 'replace' });
    return drawn;
  };
  const references: string[] = [];
  for (const [index, scene] of concept.references.entries()) {
    const path = join(output, 'references', `${index + 1}.png`);
    await draw(scene, path);
    references.push(path);
  }
  const path = join(output, 'source.png');
  const { mask } = await draw(source.scene, path);
  const right = await renderScene(oracle, SIDE);
  return {
    references,
    source: path,
    oracle: makePicture(SIDE, SIDE, right.pixels),
    masks: { source: mask, oracle: right.mask },
  };
}
