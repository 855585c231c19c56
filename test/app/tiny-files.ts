import { readFile } from 'node:fs/promises';
import { beforeAll } from 'vitest';
import { fold, normal, randomKey } from '../../src/engine/index.ts';
import {
  writeCustomDiffusion,
  writeDiffusersFolder,
  writeEmbedding,
  writeLora,
  writeSingleFile,
} from '../../src/files/checkpoints/index.ts';
import { tinyModel } from '../files/checkpoints/tiny-model.ts';
import { type TemporaryFolder, temporaryFolder } from '../files/formats/temporary-folder.ts';

const random = (label: string, shape: readonly number[]) => normal(fold(randomKey(5), label), shape);
const query = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight';

/** A random model of 32 and 64 channels and concepts for it, as people have them on disk. */
export function tinyFiles(): TemporaryFolder {
  const folder = temporaryFolder();
  beforeAll(async () => {
    const model = tinyModel('SD 1.x');
    await writeDiffusersFolder(folder.path('model'), model);
    await writeSingleFile(folder.path('single.safetensors'), model);
    const embedding = (token: string, size: number) => ({ token, vectors: random(token, [2, size]) });
    await writeEmbedding(folder.path('cat.safetensors'), embedding('<cat>', 64));
    await writeEmbedding(folder.path('other-family.pt'), embedding('<dog>', 768));
    const updates = [
      [query, { down: random('down', [4, 64]), up: random('up', [64, 4]), alpha: 2 }],
    ] as const;
    await writeLora(folder.path('lora.safetensors'), { unet: new Map(updates), textEncoder: new Map() });
    const keys = [...model.unet.parameters].filter(([name]) => name.endsWith('attn2.to_k.weight'));
    await writeCustomDiffusion(folder.path('custom'), {
      replacements: new Map(keys.map(([name, { shape }]) => [name, random(name, shape)])),
      embeddings: [{ token: '<new1>', vectors: random('<new1>', [1, 64]) }],
    });
  });
  return folder;
}

/** What makes a picture of the tiny model in a second. */
export const small = { width: 32, height: 16, steps: 2, device: 'cpu', seed: 7 } as const;

export const bytesOf = (path: string): Promise<Buffer> => readFile(path);
