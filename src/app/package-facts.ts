import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A path from the package's root, in a source checkout and in an installed package. */
export const packagePath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The version of this package. */
export const version: string = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')).version;

/** The version of a dependency that is installed. */
export const dependencyVersion = (name: string): string =>
  createRequire(import.meta.url)(`${name}/package.json`).version;
