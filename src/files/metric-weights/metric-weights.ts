import type { LpipsNetwork } from '../../networks/lpips/index.ts';

/** A published file that a metric needs. */
export interface MetricWeightsFile {
  /** What it is called in the folder: the name that PyTorch's own cache gives it. */
  readonly name: string;
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
}

export type MetricWeightsName = 'alexnet' | 'vgg16' | 'lpips-alex' | 'lpips-vgg';

/**
 * The files of LPIPS 0.1: torchvision's classifiers, trained on ImageNet (BSD 3-clause), and the linear heads of
 * richzhang/PerceptualSimilarity (BSD 2-clause). The hashes of torchvision's begin with the digits in their names; the
 * heads are those of a fixed commit.
 */
export const metricWeightsFiles: { readonly [N in MetricWeightsName]: MetricWeightsFile } = {
  alexnet: {
    name: 'alexnet-owt-7be5be79.pth',
    url: 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth',
    size: 244_408_911,
    sha256: '7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02',
  },
  vgg16: {
    name: 'vgg16-397923af.pth',
    url: 'https://download.pytorch.org/models/vgg16-397923af.pth',
    size: 553_433_881,
    sha256: '397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0',
  },
  'lpips-alex': {
    name: 'lpips_v0.1_alex.pth',
    url: 'https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/alex.pth',
    size: 6_009,
    sha256: 'df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0',
  },
  'lpips-vgg': {
    name: 'lpips_v0.1_vgg.pth',
    url: 'https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/vgg.pth',
    size: 7_289,
    sha256: 'a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868',
  },
};

/** What LPIPS needs for each of its networks: the features, then the heads. */
export const lpipsFiles: { readonly [N in LpipsNetwork]: readonly [MetricWeightsName, MetricWeightsName] } = {
  alex: ['alexnet', 'lpips-alex'],
  vgg: ['vgg16', 'lpips-vgg'],
};
