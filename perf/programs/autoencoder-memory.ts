/**
 * Encodes or decodes two pictures with SD-1.5's autoencoder of random weights, and prints the peak memory of the process
 * before and after, in GiB, as JSON. Two, since a program may take more from its second run on. Arguments: `encode` or
 * `decode`, and the pictures' side in pixels.
 */
import { randomStableDiffusion } from '../../scripts/random-stable-diffusion.ts';
import { normal, openDevice, randomKey } from '../../src/engine/index.ts';
import type { LazyArrays } from '../../src/files/checkpoints/index.ts';
import { decodeLatents, encodeImage, holdNetwork } from '../../src/methods/diffusion/index.ts';
import { parseVaeConfig, pixelsPerCell } from '../../src/networks/vae/index.ts';

const [direction, side] = [process.argv[2], Number(process.argv[3])];
const peakGiB = () => process.resourceUsage().maxRSS / 2 ** 20;

const device = await openDevice('cpu');
const { vae } = randomStableDiffusion(1);
const config = parseVaeConfig(vae.configJson);
const network = await holdNetwork(device, { config, parameters: vae.parameters as LazyArrays });
const model = { device, vae: network };
const beforeGiB = peakGiB();
const cells = side / pixelsPerCell(config);
if (direction === 'encode') await encodeImage(model, normal(randomKey(2), [2, 3, side, side]));
else await decodeLatents(model, normal(randomKey(2), [2, 4, cells, cells]));
console.log(JSON.stringify({ beforeGiB, peakGiB: peakGiB() }));
await device.close();
