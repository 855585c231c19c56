// Makes `npm start` and `npm test` work on a fresh clone: installs the locked dependencies when they are
// missing or older than the lock file. Plain JavaScript, because it runs before anything is installed.
import { execSync } from 'node:child_process';
import { statSync } from 'node:fs';

const modified = (file) =>
  statSync(new URL(`../${file}`, import.meta.url), { throwIfNoEntry: false })?.mtimeMs;
const installed = modified('node_modules/.package-lock.json');

if (installed === undefined || installed < (modified('package-lock.json') ?? 0)) {
  console.log('Installing dependencies (once) …');
  execSync('npm ci --no-audit --no-fund --loglevel=error', {
    cwd: new URL('..', import.meta.url),
    stdio: 'inherit',
  });
}
