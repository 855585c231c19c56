import { featureTowers } from '../../networks/lpips/index.ts';
import { cosineSimilarity, embedCaption, embedPicture, embedSubject } from './clip-similarity.ts';
import { comparePixels, peakSignalToNoise, type Region } from './compare-pixels.ts';
import { type EditCase, type EditPart, type EditWith, editParts, type Mask } from './edit-case.ts';
import { type Instruments, instrumentNames } from './instruments.ts';
import { lpipsDistance } from './lpips-distance.ts';
import { intersectionOverUnion, unionOfMasks } from './masks.ts';
import { hasPart, type Metric, metric } from './metric.ts';
import { pocketPerceptualDistance } from './pocket-perceptual-distance.ts';
import { mean } from './statistics/mean.ts';
import {
  MS_SSIM_LEAST_SIDE,
  multiScaleStructuralSimilarity,
  SSIM_LEAST_SIDE,
  structuralSimilarity,
} from './structural-similarity.ts';

/** Every metric by the name that manifests, flags and reports use. */
export type MetricName =
  | 'lpips-alex'
  | 'lpips-vgg'
  | 'pocket-perceptual-distance'
  | 'ssim'
  | 'ms-ssim'
  | 'psnr'
  | 'l1'
  | 'clip-i'
  | 'clip-i-subject'
  | 'clip-t'
  | 'background-psnr'
  | 'background-max-difference'
  | 'mask-iou'
  | 'oracle-l1'
  | 'oracle-subject-l1';

/** Decibels that stand for equal pictures, so that means exist; 8-bit pictures that differ hardly ever have more. */
const EQUAL_PSNR = 100;

export const metrics: { readonly [M in MetricName]: Metric } = {
  /**
   * How different a person would find the edited picture from its source (Zhang et al. 2018, arXiv 1801.03924), by
   * AlexNet: `lpips` 0.1 in the pictures' own size, pixels as x / 127.5 − 1.
   */
  'lpips-alex': metric({
    title: 'LPIPS (Alex)',
    direction: 'lower is better',
    range: [0, Number.POSITIVE_INFINITY],
    leastSide: featureTowers.alex.smallestSide,
    needs: ['edited', 'source'],
    instrument: 'lpipsAlex',
    measure: (edit, instruments) =>
      lpipsDistance(instruments, instruments.networks.lpipsAlex, edit.edited, edit.source),
  }),

  /** The same by VGG16, the one that the paper's relative gain for DreamBooth is stated in. */
  'lpips-vgg': metric({
    title: 'LPIPS (VGG)',
    direction: 'lower is better',
    range: [0, Number.POSITIVE_INFINITY],
    leastSide: featureTowers.vgg.smallestSide,
    needs: ['edited', 'source'],
    instrument: 'lpipsVgg',
    measure: (edit, instruments) =>
      lpipsDistance(instruments, instruments.networks.lpipsVgg, edit.edited, edit.source),
  }),

  /** How differently the built-in model's CLIP sees source and edited picture, patch by patch. Not LPIPS. */
  'pocket-perceptual-distance': metric({
    title: 'Pocket perceptual distance',
    direction: 'lower is better',
    range: [0, 4],
    needs: ['edited', 'source'],
    instrument: 'pocketClip',
    measure: (edit, instruments) =>
      pocketPerceptualDistance(instruments, instruments.networks.pocketClip, edit.edited, edit.source),
  }),

  /**
   * Structure kept of the source (Wang et al. 2004): Gaussian window 11, deviation 1.5, K 0.01 and 0.03, data range
   * 255, RGB channels alone and averaged, no padding.
   */
  ssim: metric({
    title: 'SSIM',
    direction: 'higher is better',
    range: [-1, 1],
    leastSide: SSIM_LEAST_SIDE,
    needs: ['edited', 'source'],
    instrument: 'none',
    measure: async ({ edited, source }) => structuralSimilarity(edited, source),
  }),

  /** The same over five scales (Wang, Simoncelli, Bovik 2003); sides of 161 pixels and more. */
  'ms-ssim': metric({
    title: 'MS-SSIM',
    direction: 'higher is better',
    range: [0, 1],
    leastSide: MS_SSIM_LEAST_SIDE,
    needs: ['edited', 'source'],
    instrument: 'none',
    measure: async ({ edited, source }) => multiScaleStructuralSimilarity(edited, source),
  }),

  /** Peak signal-to-noise ratio to the source in decibels, peak 255, over all pixels and channels; 100 where equal. */
  psnr: metric({
    title: 'PSNR (dB)',
    direction: 'higher is better',
    range: [0, EQUAL_PSNR],
    needs: ['edited', 'source'],
    instrument: 'none',
    measure: async ({ edited, source }) => finitePsnr(comparePixels(edited, source)),
  }),

  /** Mean absolute difference to the source over all pixels and channels, white minus black being 1. */
  l1: metric({
    title: 'L1',
    direction: 'lower is better',
    range: [0, 1],
    needs: ['edited', 'source'],
    instrument: 'none',
    measure: async ({ edited, source }) => comparePixels(edited, source).meanAbsolute / 255,
  }),

  /**
   * How much the edited picture shows of the concept: mean cosine of CLIP's picture embeddings to the references
   * (Gal et al. 2022, arXiv 2208.01618), whole pictures, the model's own preprocessing.
   */
  'clip-i': metric({
    title: 'CLIP-I',
    direction: 'higher is better',
    range: [-1, 1],
    needs: ['edited', 'references'],
    instrument: 'clip',
    measure: async ({ edited, references }, instruments) => {
      const { clip } = instruments.networks;
      const ours = await embedPicture(instruments, clip, edited);
      const theirs = await Promise.all(
        references.map(({ picture }) => embedPicture(instruments, clip, picture)),
      );
      return mean(theirs.map((embedding) => cosineSimilarity(ours, embedding)));
    },
  }),

  /**
   * The same of the subjects alone: every picture cut to the square around its mask, so that the background that the
   * edit has to keep does not count. In the edited picture the subject is where the source's is, or the right edit's.
   */
  'clip-i-subject': metric({
    title: 'CLIP-I (subject)',
    direction: 'higher is better',
    range: [-1, 1],
    needs: ['edited', 'references', 'subjectMask'],
    instrument: 'clip',
    measure: async (edit, instruments) => {
      const { clip } = instruments.networks;
      const subject = { picture: edit.edited, mask: subjectRegion(edit) };
      const ours = await embedSubject(instruments, clip, subject);
      const theirs = await Promise.all(
        edit.references.map((reference, index) => {
          if (!hasMask(reference)) {
            throw new Error(
              `reference ${index + 1} has no mask, from which its subject would be cut; give one`,
            );
          }
          return embedSubject(instruments, clip, reference);
        }),
      );
      return mean(theirs.map((embedding) => cosineSimilarity(ours, embedding)));
    },
  }),

  /**
   * How well the edited picture fits its caption: the cosine of CLIP's embeddings (Radford et al. 2021, arXiv
   * 2103.00020), without the factor that CLIPScore has.
   */
  'clip-t': metric({
    title: 'CLIP-T',
    direction: 'higher is better',
    range: [-1, 1],
    needs: ['edited', 'caption'],
    instrument: 'clip',
    measure: async ({ edited, caption }, instruments) => {
      const { clip } = instruments.networks;
      if (clip.text === undefined) {
        throw new Error('the CLIP model has no text tower; give one with a text tower and its projection');
      }
      const [picture, text] = [
        await embedPicture(instruments, clip, edited),
        await embedCaption(instruments, clip.text, caption),
      ];
      return cosineSimilarity(picture, text);
    },
  }),

  /** PSNR to the source outside the subject (the source's and the right edit's), in decibels; 100 where equal. */
  'background-psnr': metric({
    title: 'Background PSNR (dB)',
    direction: 'higher is better',
    range: [0, EQUAL_PSNR],
    needs: ['edited', 'source', 'subjectMask'],
    instrument: 'none',
    measure: async (edit) => finitePsnr(comparePixels(edit.edited, edit.source, outside(edit))),
  }),

  /** The largest difference of a channel outside the subject, 0 to 255: 0 says that no bit of it changed. */
  'background-max-difference': metric({
    title: 'Background max. difference',
    direction: 'lower is better',
    range: [0, 255],
    needs: ['edited', 'source', 'subjectMask'],
    instrument: 'none',
    measure: async (edit) => comparePixels(edit.edited, edit.source, outside(edit)).largest,
  }),

  /** How well the editor found the subject: intersection over union of what it found and the true mask, cut at 0.5. */
  'mask-iou': metric({
    title: 'Mask IoU',
    direction: 'higher is better',
    range: [0, 1],
    needs: ['editorMask', 'subjectMask'],
    instrument: 'none',
    measure: async ({ editorMask, subjectMask }) => intersectionOverUnion(editorMask, subjectMask),
  }),

  /** Mean absolute difference to the right edit over the whole picture, white minus black being 1. */
  'oracle-l1': metric({
    title: 'L1 to the right edit',
    direction: 'lower is better',
    range: [0, 1],
    needs: ['edited', 'oracle'],
    instrument: 'none',
    measure: async ({ edited, oracle }) => comparePixels(edited, oracle).meanAbsolute / 255,
  }),

  /** The same where the source or the right edit shows the subject. */
  'oracle-subject-l1': metric({
    title: 'L1 to the right edit, subject',
    direction: 'lower is better',
    range: [0, 1],
    needs: ['edited', 'oracle', 'subjectMask'],
    instrument: 'none',
    measure: async (edit) => {
      const inside: Region = { kind: 'inside', mask: subjectRegion(edit) };
      return comparePixels(edit.edited, edit.oracle, inside).meanAbsolute / 255;
    },
  }),
};

export const metricNames = Object.keys(metrics) as readonly MetricName[];

/**
 * Measures one edit.
 * @throws a sentence that begins with the metric's name if the case lacks a part, the instruments lack a network,
 * pictures differ in size or are too small
 */
export async function measure(name: MetricName, edit: EditCase, instruments: Instruments): Promise<number> {
  const { needs, instrument, measure } = metrics[name];
  const missing = needs.filter((part) => !hasPart(edit, part));
  if (missing.length > 0) {
    throw new Error(
      `${name}: ${missing.map((part) => editParts[part]).join(' and ')} is needed; it is not there`,
    );
  }
  if (instrument !== 'none' && instruments.networks[instrument] === undefined) {
    const { name: network, obtain } = instrumentNames[instrument];
    throw new Error(`${name}: measures with ${network}, which is not loaded; ${obtain}`);
  }
  try {
    return await measure(edit as EditWith<EditPart>, instruments as never);
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The metrics that a case and the instruments have everything for, and whose pictures are large enough. */
export const measurableMetrics = (edit: EditCase, { networks }: Instruments): readonly MetricName[] =>
  metricNames.filter((name) => {
    const { needs, instrument, leastSide } = metrics[name];
    return (
      needs.every((part) => hasPart(edit, part)) &&
      (instrument === 'none' || networks[instrument] !== undefined) &&
      (leastSide === undefined || Math.min(edit.edited.height, edit.edited.width) >= leastSide)
    );
  });

const finitePsnr = (difference: { readonly meanSquared: number }): number =>
  Math.min(EQUAL_PSNR, peakSignalToNoise(difference));

/** Where a change is asked for. */
const subjectRegion = ({ subjectMask, oracleMask }: EditWith<'subjectMask'>): Mask =>
  oracleMask === undefined ? subjectMask : unionOfMasks(subjectMask, oracleMask);

const outside = (edit: EditWith<'subjectMask'>): Region => ({ kind: 'outside', mask: subjectRegion(edit) });

const hasMask = <T extends { readonly mask?: Mask }>(
  reference: T,
): reference is T & { readonly mask: Mask } => reference.mask !== undefined;
