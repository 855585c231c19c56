#!/usr/bin/env node
// The command. A source checkout runs its TypeScript as it stands, so that nothing built long ago is run by mistake;
// an installed package has no sources and runs what was built. Plain JavaScript, because it decides which.
import { existsSync } from 'node:fs';

const source = new URL('../src/app/cli/main.ts', import.meta.url);
const isCheckout = existsSync(source);
if (isCheckout) (await import('tsx/esm/api')).register();
const { main } = await import(
  isCheckout ? source.href : new URL('../dist/app/cli/main.js', import.meta.url).href
);
process.exitCode = await main(process.argv.slice(2));
