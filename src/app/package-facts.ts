import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A path from the package's root, in a source checkout and in an installed package. */
export const packagePath = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The version of this package. */
export const version: string = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')).version;
