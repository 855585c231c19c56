import type { DownsamplePadding } from '../nn/index.ts';
import type { UnetLevel } from './read-unet-levels.ts';
import type { DownBlockConfig, ResnetConfig, UpBlockConfig } from './unet-config.ts';

/** The way down: a block a level, the finest first. */
export const planDownBlocks = (
  levels: readonly UnetLevel[],
  padding: DownsamplePadding,
): readonly DownBlockConfig[] =>
  levels.map(({ channels, layers, downTransformer }, level) => ({
    resnets: Array.from({ length: layers }, (_, index) => ({
      inputChannels: index === 0 ? finer(levels, level).channels : channels,
      outputChannels: channels,
    })),
    transformer: downTransformer,
    downsample: level === levels.length - 1 ? 'none' : padding,
  }));

/**
 * The way up: a block a level, the coarsest first. Every resnet takes in one map that the way down left behind:
 * one for each resnet there, the last one first, and finally what came into that block (the halved map of the
 * finer level, or the first convolution's).
 */
export const planUpBlocks = (levels: readonly UnetLevel[]): readonly UpBlockConfig[] =>
  levels
    .map(({ channels, layers, upTransformer }, level): UpBlockConfig => {
      const coarser = levels[level + 1] ?? levels[level]!;
      const resnets = Array.from({ length: layers + 1 }, (_, index): ResnetConfig => {
        const arriving = index === 0 ? coarser.channels : channels;
        const skip = index === layers ? finer(levels, level).channels : channels;
        return { inputChannels: arriving + skip, outputChannels: channels };
      });
      return { resnets, transformer: upTransformer, upsample: level === 0 ? 'none' : 'to the next skip' };
    })
    .reverse();

/** The next finer level; the first convolution gives the finest level its own channels. */
const finer = (levels: readonly UnetLevel[], level: number): UnetLevel => levels[level - 1] ?? levels[level]!;
