import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Device,
  gradient,
  mapTree,
  type NdArray,
  ndArray,
  openDevice,
  slice,
  spec,
  sum,
  type Tensor,
  type Tree,
  toNumbers,
  unflatten,
} from '../../src/engine/index.ts';
import { openArrays } from '../../src/files/formats/index.ts';
import { arrayFromPictures, makePicture, type Picture } from '../../src/files/images/index.ts';
import {
  comparePixels,
  multiScaleStructuralSimilarity,
  peakSignalToNoise,
  structuralSimilarity,
} from '../../src/methods/evaluation/index.ts';
import { featureTower, type LpipsNetwork, lpips, scaleInput } from '../../src/networks/lpips/index.ts';
import { read, readJson, runOnce, tolerances } from './model-folder.ts';
import { compareNumbers, type ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

/**
 * Compares LPIPS (richzhang/PerceptualSimilarity, on backbones that a generator in the folder makes), SSIM and MS-SSIM
 * (VainF/pytorch-msssim) and PSNR with golden.json, layer by layer, and LPIPS' features and gradient with
 * lpips_details.safetensors. SSIM, MS-SSIM and PSNR are compared absolutely.
 */
export async function* compareMetrics(folder: string): AsyncGenerator<ParityResult> {
  const golden = readJson(folder, 'golden.json') as Golden;
  const pictures = new Map(
    [...readSafetensors(join(folder, 'images.safetensors'))].map(([name, pixels]) => [
      name,
      pictureOf(pixels),
    ]),
  );
  const pair = (name: string) => name.split('|').map((each) => pictures.get(each)!) as [Picture, Picture];

  for (const [name, { float64 }] of Object.entries(golden.ssim)) {
    yield absolute(`ssim ${name}`, [structuralSimilarity(...pair(name))], [float64]);
  }
  for (const [name, { float64 }] of Object.entries(golden.ms_ssim)) {
    yield absolute(`ms-ssim ${name}`, [multiScaleStructuralSimilarity(...pair(name))], [float64]);
  }
  for (const [name, { mse, psnr }] of Object.entries(golden.psnr_mse)) {
    const difference = comparePixels(...pair(name));
    yield absolute(`mean squared error ${name}`, [difference.meanSquared], [mse]);
    if (psnr !== null) yield absolute(`psnr ${name}`, [peakSignalToNoise(difference)], [psnr]);
  }

  const device = await openDevice('cpu');
  try {
    for (const network of ['alex', 'vgg'] as const) {
      const parameters = await readLpipsParameters(folder, network, golden.backbone_seed[network]);
      yield* compareLpips(device, network, parameters, golden.lpips[network], (name) =>
        pair(name).map((picture) => (network === 'vgg' ? crop(picture) : picture)),
      );
      const details = readSafetensors(join(folder, 'lpips_details.safetensors'));
      yield* compareDetails(device, network, parameters, details, pair('a|b').map(crop));
    }
  } finally {
    await device.close();
  }
}

interface Golden {
  readonly lpips: Readonly<Record<LpipsNetwork, LpipsGolden>>;
  readonly ssim: Readonly<Record<string, { readonly float64: number }>>;
  readonly ms_ssim: Readonly<Record<string, { readonly float64: number }>>;
  readonly psnr_mse: Readonly<Record<string, { readonly mse: number; readonly psnr: number | null }>>;
  readonly backbone_seed: Readonly<Record<LpipsNetwork, number>>;
}

type LpipsGolden = Readonly<
  Record<string, { readonly value: number; readonly per_layer: readonly number[] }>
>;

/** The heads from the file that torch.save wrote, as it was published. */
async function readLpipsParameters(
  folder: string,
  network: LpipsNetwork,
  seed: number,
): Promise<Tree<NdArray>> {
  const generator = (await import(pathToFileURL(join(folder, 'lpips_backbone.mjs')).href)) as {
    backbone(network: LpipsNetwork, seed: number): Map<string, { shape: number[]; data: Float32Array }>;
  };
  const file = await openArrays(join(folder, `lpips_${network}_lin_v0.1.pth`));
  try {
    const entries: [string, NdArray][] = [];
    for (const [name, array] of file.arrays) entries.push([name, await array.read()]);
    for (const [name, { shape, data }] of generator.backbone(network, seed)) {
      entries.push([name, ndArray('float32', shape, data)]);
    }
    return unflatten(entries);
  } finally {
    await file.close();
  }
}

async function* compareLpips(
  device: Device,
  network: LpipsNetwork,
  parameters: Tree<NdArray>,
  golden: LpipsGolden,
  pair: (name: string) => readonly Picture[],
): AsyncGenerator<ParityResult> {
  const shape = arrayFromPictures(pair('a|b').slice(0, 1)).shape;
  const program = await device.compile(
    ({ parameters, a, b }) => lpips(parameters as Tree<Tensor>, network, a, b) as unknown as LpipsTree,
    {
      parameters: mapTree<Tree<NdArray>, NdArray, ReturnType<typeof spec>>(parameters, (leaf) =>
        spec(leaf.shape),
      ),
      a: spec(shape),
      b: spec(shape),
    },
  );
  for (const [name, { value, per_layer }] of Object.entries(golden)) {
    const [a, b] = pair(name).map((picture) => arrayFromPictures([picture])) as [NdArray, NdArray];
    const { distance, layers } = await program.run({ parameters, a, b } as never);
    yield compareNumbers(
      `lpips ${network} ${name}`,
      toNumbers(distance as NdArray),
      [value],
      tolerances.output,
    );
    const contributions = (layers as readonly NdArray[]).map((layer) => toNumbers(layer)[0]!);
    yield compareNumbers(`lpips ${network} ${name} per layer`, contributions, per_layer, tolerances.output);
  }
  await program.dispose();
}

type LpipsTree = { readonly distance: Tensor; readonly layers: readonly Tensor[] };

/** Features of the first picture, and the gradient of the distance with respect to it. */
async function* compareDetails(
  device: Device,
  network: LpipsNetwork,
  parameters: Tree<NdArray>,
  golden: ReadonlyMap<string, NdArray>,
  [first, second]: readonly Picture[],
): AsyncGenerator<ParityResult> {
  const ours = await runOnce(
    device,
    ({ parameters, a, b }) => {
      const scaled = scaleInput(a);
      const features = featureTower(parameters, network, scaled);
      const { distance } = lpips(parameters, network, a, b);
      return {
        feature_in_a_crop96x80: scaled,
        ...Object.fromEntries(
          features.map((feature, tap) => [`feature${tap}_a_crop96x80`, slice(feature, { axis: 1, end: 16 })]),
        ),
        crop96x80_a_b_float64: distance,
        grad_first_image_a_b_crop96x80: gradient(sum(distance), a),
      };
    },
    { parameters, a: arrayFromPictures([first!]), b: arrayFromPictures([second!]) },
  );
  for (const [name, values] of ours) {
    const theirs = read(golden, `lpips_${network}.${name}`);
    const tolerance = name.startsWith('grad') ? tolerances.gradient : tolerances.output;
    yield compareNumbers(`lpips ${network} ${name}`, toNumbers(values), toNumbers(theirs), tolerance);
  }
}

const pictureOf = ({ shape, data }: NdArray): Picture =>
  makePicture(shape[0]!, shape[1]!, data as Uint8Array);

/** The top left 96 x 80 (height x width), which VGG was run on. */
function crop(picture: Picture): Picture {
  const pixels = new Uint8Array(96 * 80 * 3);
  for (let row = 0; row < 96; row++) {
    const from = row * picture.width * 3;
    pixels.set(picture.pixels.subarray(from, from + 240), row * 240);
  }
  return makePicture(96, 80, pixels);
}

const absolute = (name: string, ours: ArrayLike<number>, theirs: ArrayLike<number>): ParityResult =>
  compareNumbers(name, ours, theirs, tolerances.output, 1);
