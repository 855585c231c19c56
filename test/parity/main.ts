/**
 * `npm run parity -- FOLDER`: compares with tensors that the reference implementations computed. FOLDER is a topic
 * (`unet_sd1`) or holds topics; one is known by how its name begins. Prints a line a case, and fails if one fails.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { compareClipText, compareClipVision } from './clip.ts';
import { compareDds } from './dds.ts';
import { compareMetrics } from './metrics.ts';
import type { ParityResult } from './parity-result.ts';
import { comparePersonalization } from './personalization.ts';
import { comparePipeline } from './pipeline.ts';
import { compareSchedulers } from './schedulers.ts';
import { compareTokenizer } from './tokenizer.ts';
import { compareTorchSave } from './torch-save.ts';
import { compareUnet } from './unet.ts';
import { compareUnetInjection } from './unet-injection.ts';
import { compareVae } from './vae.ts';

const topics: Readonly<Record<string, (folder: string) => AsyncIterable<ParityResult>>> = {
  clip_text: compareClipText,
  clip_vision: compareClipVision,
  metrics: compareMetrics,
  dds: compareDds,
  personalization: comparePersonalization,
  pipeline: comparePipeline,
  pnp: compareUnetInjection,
  schedulers: compareSchedulers,
  tokenizer: compareTokenizer,
  torch_save: compareTorchSave,
  unet: compareUnet,
  vae: compareVae,
};

const topicOf = (folder: string) =>
  Object.entries(topics).find(([name]) => basename(folder).startsWith(name))?.[1];

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  console.error(folder === undefined ? 'Usage: npm run parity -- FOLDER' : `There is no folder ${folder}`);
  process.exit(2);
}

const [compared, failed, passedOver] = [[] as string[], [] as string[], [] as string[]];
for (const place of placesIn(resolve(folder))) {
  const compare = topicOf(place);
  if (compare === undefined) {
    passedOver.push(basename(place));
    continue;
  }
  console.log(`\n${basename(place)}`);
  for await (const result of compare(place)) {
    const name = `${basename(place)}: ${result.name}`;
    compared.push(name);
    if (!result.pass) failed.push(name);
    console.log(line(result));
  }
}
if (passedOver.length > 0) console.log(`\nNot compared, for want of code: ${passedOver.join(', ')}`);
console.log(`\n${compared.length - failed.length} passed, ${failed.length} failed`);
for (const name of failed) console.log(`  failed: ${name}`);
process.exit(failed.length > 0 || compared.length === 0 ? 1 : 0);

function placesIn(place: string): string[] {
  if (topicOf(place) !== undefined) return [place];
  const folders = readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => join(place, name)).sort();
}

function line({ name, largestAbsoluteError, largestRelativeError, tolerance, pass }: ParityResult): string {
  const errors = `absolute ${largestAbsoluteError.toExponential(1)}, relative ${largestRelativeError.toExponential(1)}`;
  return `  ${pass ? 'pass' : 'FAIL'}  ${name}: ${errors} (tolerance ${tolerance})`;
}
