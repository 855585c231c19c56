import { createRequire } from 'node:module';
import sharp from 'sharp';
import { version } from '../package-facts.ts';

/** Of what a result depends on. */
export const versions = (): Readonly<Record<string, string>> => ({
  dreamsteerer: version,
  node: process.versions.node,
  'onnxruntime-node': createRequire(import.meta.url)('onnxruntime-node/package.json').version,
  sharp: sharp.versions.sharp ?? 'unknown',
});
