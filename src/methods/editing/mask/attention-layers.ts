import type { ListedFeature, UnetConfig } from '../../../networks/unet/index.ts';
import { listUnetFeatures } from '../../../networks/unet/index.ts';

/** Where an attention stands in a UNet. */
export type UnetPart = 'down' | 'mid' | 'up';

/** An attention whose probabilities can be read. */
export interface AttentionLayer {
  /** Of its probabilities, [1, heads, queries, keys]. */
  readonly feature: string;
  /** To the text, or from each place of the picture to each. */
  readonly kind: 'cross' | 'self';
  readonly part: UnetPart;
  /** Of the feature map whose places are the queries. */
  readonly size: readonly [height: number, width: number];
  /** Latent cells a place is wide: 1, 2, 4, 8. */
  readonly reduction: number;
}

/** All attentions of a UNet for latents of a size. A model without any of a kind has none in the list. */
export function listAttentionLayers(
  config: UnetConfig,
  size: readonly [height: number, width: number],
  tokens: number,
): readonly AttentionLayer[] {
  const features = listUnetFeatures(config, { size, tokens });
  const outputs = new Map(features.map((feature) => [feature.name, feature]));
  return features.flatMap((feature): AttentionLayer[] => {
    const place = /^((down|mid|up)_block.*\.attentions\.\d+)\.transformer_blocks\.\d+\.attn[12]$/.exec(
      feature.path,
    );
    if (feature.kind !== 'probabilities' || place === null) return [];
    const [height, width] = outputs.get(`${place[1]}.output`)!.shape.slice(2) as [number, number];
    return [
      {
        feature: feature.name,
        kind: isCross(config, feature) ? 'cross' : 'self',
        part: place[2] as UnetPart,
        size: [height, width],
        reduction: 2 ** levelOf(config, feature.path),
      },
    ];
  });
}

/** attn2 looks at the text, and so does attn1 where the configuration says so. */
function isCross(config: UnetConfig, { path }: ListedFeature): boolean {
  if (path.endsWith('attn2')) return true;
  const [block, index] = path.split('.');
  if (block === 'mid_block') return false;
  const blocks = block === 'down_blocks' ? config.downBlocks : config.upBlocks;
  return blocks[Number(index)]?.transformer?.firstAttention === 'context';
}

/** How often the latents were halved on the way to a block. */
function levelOf({ downBlocks, upBlocks }: UnetConfig, path: string): number {
  const [block, index] = path.split('.');
  const halvings = downBlocks.map(({ downsample }) => (downsample === 'none' ? 0 : 1));
  const before = (count: number) => halvings.slice(0, count).reduce<number>((sum, each) => sum + each, 0);
  if (block === 'down_blocks') return before(Number(index));
  const deepest = before(downBlocks.length);
  if (block === 'mid_block') return deepest;
  const doublings = upBlocks.slice(0, Number(index)).filter(({ upsample }) => upsample !== 'none').length;
  return deepest - doublings;
}
