import type { AttentionQuality } from './judge-attention.ts';
import type { AutoencoderQuality } from './judge-autoencoder.ts';
import type { ClipQuality } from './judge-clip.ts';
import type { DenoisingQuality } from './judge-denoising.ts';
import type { GeneratedQuality } from './judge-generated.ts';
import type { ReconstructionQuality } from './reconstruction-quality.ts';

/** Everything that is measured of a pocket model. */
export interface PocketQuality {
  readonly autoencoder: AutoencoderQuality;
  readonly decoder: ReconstructionQuality;
  readonly clip: ClipQuality;
  readonly denoising: DenoisingQuality;
  readonly generated: GeneratedQuality;
  readonly attention: AttentionQuality;
}

/** A figure with the bar that it should reach. */
export interface QualityFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'dB' | 'bits' | 'share' | 'number';
  /** The least that is good enough; undefined where the figure is reported only. */
  readonly bar: number | undefined;
  /** On how many scenes or prompts. */
  readonly count: number;
}

/** The figures of a model card, in its order. */
export const qualityFigures = ({
  autoencoder,
  decoder,
  clip,
  denoising,
  generated,
  attention,
}: PocketQuality): QualityFigure[] => [
  figure('Reconstruction, PSNR', autoencoder, autoencoder.psnr, 'dB', 28),
  figure('Reconstruction, SSIM', autoencoder, autoencoder.ssim, 'number', 0.93),
  figure('Information of a latent cell, at most', autoencoder, autoencoder.bitsPerCell, 'bits', undefined),
  figure('From latents sought for each picture, PSNR', decoder, decoder.psnr, 'dB', undefined),
  figure('From latents sought for each picture, SSIM', decoder, decoder.ssim, 'number', undefined),
  figure('Zero-shot class', clip, clip.class, 'share', 0.97),
  figure('Zero-shot background', clip, clip.background, 'share', 0.97),
  figure('Zero-shot colour, the class given', clip, clip.colour, 'share', 0.9),
  figure('Zero-shot colour alone', clip, clip.colourAlone, 'share', undefined),
  figure('Denoising, mean squared error', denoising, denoising.error, 'number', undefined),
  figure('Generated: prompted class', generated, generated.class, 'share', 0.92),
  figure('Generated: prompted background', generated, generated.background, 'share', 0.95),
  figure('Generated: Fréchet distance to drawn', generated, generated.frechetDistance, 'number', undefined),
  figure("Attention of the class word, IoU above Otsu's threshold", attention, attention.iou, 'number', 0.5),
  figure('Attention of the class word, IoU above half', attention, attention.iouAtHalf, 'number', undefined),
];

const figure = (
  name: string,
  { count }: { readonly count: number },
  value: number,
  unit: QualityFigure['unit'],
  bar: number | undefined,
): QualityFigure => ({ name, value, unit, bar, count });

/** A figure's value, or its bar, with its unit. */
export const shownQuality = (value: number, unit: QualityFigure['unit']): string =>
  ({
    dB: `${value.toFixed(1)} dB`,
    bits: `${value.toFixed(1)} bits`,
    share: `${(100 * value).toFixed(1)} %`,
    number: value.toFixed(3),
  })[unit];
