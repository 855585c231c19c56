import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as engine from '../src/engine/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/benchmark.md',
  'docs/checkpoints.md',
  'docs/method.md',
  'docs/performance.md',
  'models/pocket/README.md',
];
const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts);

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(root, document), 'utf8');

  test('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target!);
    expect(links.filter((target) => !existsSync(join(root, dirname(document), target)))).toEqual([]);
  });

  test('names scripts that exist', () => {
    const named = [...text.matchAll(/npm (?:run )?(test:?\w*|start|perf|check|sizes|format|parity)\b/g)];
    expect(named.map(([, name]) => name!).filter((name) => !scripts.includes(name))).toEqual([]);
  });

  test('names source files that exist', () => {
    const named = [...text.matchAll(/`((?:src|test|perf|examples|scripts)\/[\w./-]*)`/g)].map(
      ([, path]) => path!,
    );
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('imports only what the engine exports', () => {
    const blocks = [...text.matchAll(/import \{([^}]*)\} from 'dreamsteerer\/engine'/g)];
    const names = blocks.flatMap(([, list]) => list!.split(',').map((name) => name.trim()));
    expect(names.filter((name) => name !== '' && !(name in engine))).toEqual([]);
  });
});
