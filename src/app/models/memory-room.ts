import { freemem } from 'node:os';
import type { StableDiffusion } from '../../files/checkpoints/index.ts';
import type { EstimatedModel } from '../../methods/memory/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';
import { specsOf } from './open-concept.ts';

/** An opened model as estimates of memory take it, with pictures of a size in pixels. Nothing of it is read. */
export function estimatedModel(
  { unet, textEncoder, vae }: Pick<StableDiffusion, 'unet' | 'textEncoder' | 'vae'>,
  tokenizer: Tokenizer,
  { height, width }: { readonly height: number; readonly width: number },
): EstimatedModel {
  const cell = pixelsPerCell(vae.config);
  return {
    model: {
      unet: { config: unet.config, specs: specsOf(unet.parameters) },
      textEncoder: { config: textEncoder.config, specs: specsOf(textEncoder.parameters) },
      vae: { config: vae.config, specs: specsOf(vae.parameters) },
    },
    tokenizer,
    shape: [1, unet.config.inputChannels, height / cell, width / cell],
  };
}

/** Bytes that this process may take: what is free, or the least that its container grants. */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  const free = freemem();
  return limit > 0 ? Math.min(free, Math.max(0, limit - process.memoryUsage().rss)) : free;
}
