import { type Device, type NdArray, Owner, randomKey, resultOf, type Tree } from '../../../engine/index.ts';
import { encodePicture, type Picture } from '../../../files/images/index.ts';
import {
  holdParameters,
  type PromptedModel,
  releaseNetwork,
  type Scheduler,
} from '../../../methods/diffusion/index.ts';
import {
  cosineSimilarity,
  type Embedding,
  embedCaption,
  embedPicture,
  type HeldClip,
  Instruments,
} from '../../../methods/evaluation/index.ts';
import {
  type AutoencoderHolder,
  compileReconstruction,
  drawHeldOut,
  generatePictures,
  type HeldOutScene,
  heldOutPrompt,
} from '../../../pocket/judging/index.ts';
import { type ClipParameters, sceneAt, type Training } from '../../../pocket/training/index.ts';
import { promptOf, subjectClasses } from '../../../pocket/world/index.ts';
import { drawMatrix } from '../../charts/draw-matrix.ts';
import { montage, rowsOf } from '../../charts/montage.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import { generateParameters } from '../generate/parameters.ts';
import { scalingFactorOf } from './encoded-scenes.ts';
import { schedulerOf, type TrainingSetting } from './start-training.ts';
import { firstClip, trainedVae } from './training-folder.ts';

/** What a training's averaged parameters can do by now, as a PNG. */
export const sampleSheets: {
  readonly [T in Training]: (setting: TrainingSetting, averages: Tree<NdArray>) => Promise<Uint8Array>;
} = {
  vae: reconstructionsOf,
  reconstruction: reconstructionsOf,
  clip: (setting, averages) => similaritiesOf(setting, averages as ClipParameters),
  vision: async (setting, averages) => {
    return similaritiesOf(setting, { ...(await firstClip(setting.folder)), ...(averages as object) });
  },
  unet: generatedBy,
};

async function reconstructionsOf({ device, networks }: TrainingSetting, parameters: Tree<NdArray>) {
  await using owner = new Owner();
  const vae = owner.adopt(await holdParameters(device, networks.vae, parameters), releaseNetwork);
  return await reconstructionSheet({ device, vae });
}

async function similaritiesOf({ device, networks }: TrainingSetting, { text, vision }: ClipParameters) {
  const { imageEncoder, imageProcessor, textEncoder, tokenizer } = networks;
  await using owner = new Owner();
  return await similaritySheet(device, {
    vision: owner.adopt(await holdParameters(device, imageEncoder, vision), releaseNetwork),
    processor: imageProcessor,
    text: {
      network: owner.adopt(await holdParameters(device, textEncoder, text), releaseNetwork),
      tokenizer,
    },
  });
}

async function generatedBy(setting: TrainingSetting, parameters: Tree<NdArray>) {
  const { device, networks, folder, recipe } = setting;
  const { text } = await firstClip(folder);
  const scalingFactor = await resultOf(scalingFactorOf(setting));
  const vae = await trainedVae(folder);
  await using owner = new Owner();
  const hold = async <Config>(config: Config, tree: Tree<NdArray>) =>
    owner.adopt(await holdParameters(device, config, tree), releaseNetwork);
  const model = {
    device,
    unet: await hold(networks.unet, parameters),
    vae: await hold({ ...networks.vae, scalingFactor }, vae),
    textEncoder: await hold(networks.textEncoder, text),
  };
  return await generatedSheet({ model, tokenizer: networks.tokenizer }, schedulerOf(recipe));
}

/** Held-out scenes in the odd rows, their reconstructions below them. */
export async function reconstructionSheet(model: AutoencoderHolder): Promise<Uint8Array> {
  const { reconstruct, dispose } = await compileReconstruction(model);
  try {
    const drawn = await firstHeldOut(model.vae.config.sampleSize);
    const originals = drawn.map(({ picture }) => picture);
    const decoded = await reconstruct(originals);
    const below = rowsOf(
      decoded.map(({ picture }) => picture),
      COLUMNS,
    );
    const rows = rowsOf(originals, COLUMNS).flatMap((row, index) => [row, below[index]!]);
    return await encodePicture(montage(rows), 'PNG');
  } finally {
    await dispose();
  }
}

const COLUMNS = 8;
const SHEET = 2 * COLUMNS;

const firstHeldOut = (size: number): Promise<HeldOutScene[]> =>
  Promise.all(Array.from({ length: SHEET }, (_, index) => drawHeldOut(index, size)));

/** The prompts of the sheet of generated pictures, row by row: the one that the model was made for, and held-out ones. */
export const sheetPrompts = (): string[] => [
  'a photo of a tabby cat next to a mirror in the living room',
  ...Array.from({ length: SHEET - 1 }, (_, index) => heldOutPrompt(index)),
];

/** As `generate` makes pictures of a small model where nothing else is asked for. */
export const sheetSampling = {
  steps: generateParameters.parse({ prompt: 'any' }).steps,
  guidanceScale: usualSampling.pocket.guidanceScale,
};

/** A picture of each of the prompts. */
export async function generatedSheet(model: PromptedModel, scheduler: Scheduler): Promise<Uint8Array> {
  const pictures: Picture[] = [];
  const options = { ...sheetSampling, scheduler, key: randomKey(1) };
  for await (const some of generatePictures(model, sheetPrompts(), options)) pictures.push(...some);
  return encodePicture(montage(rowsOf(pictures, COLUMNS)), 'PNG');
}

/** The similarity of a held-out scene of each class with the prompt of each. */
export async function similaritySheet(device: Device, clip: HeldClip): Promise<Uint8Array> {
  const indices = subjectClasses.map(firstOfClass);
  const prompts = indices.map((index) => promptOf(sceneAt('held out', index)));
  const instruments = new Instruments(device);
  const [pictures, captions]: [Embedding[], Embedding[]] = [[], []];
  try {
    for (const [at, index] of indices.entries()) {
      const { picture } = await drawHeldOut(index, clip.vision.config.imageSize);
      pictures.push(await embedPicture(instruments, clip, picture));
      captions.push(await embedCaption(instruments, clip.text!, prompts[at]!));
    }
  } finally {
    await instruments.dispose();
  }
  return drawMatrix({
    rows: prompts,
    columns: subjectClasses.map((name) => `drawn ${name}`),
    valueAt: (row, column) => cosineSimilarity(captions[row]!, pictures[column]!),
  });
}

function firstOfClass(name: (typeof subjectClasses)[number]): number {
  let index = 0;
  while (sceneAt('held out', index).subject.class !== name) index++;
  return index;
}
