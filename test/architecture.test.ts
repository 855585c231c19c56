import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SourceFile, sourceFiles } from '../scripts/source-files.ts';

/** Each group may import itself and those before it (docs/architecture.md). */
const groups = ['engine', 'networks', 'files', 'methods', 'pocket', 'app'];
const engineLayers = ['arrays', 'graph', 'autodiff', 'onnx', 'runtime', 'training'];

/** Who may import what touches the world. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['src/engine/runtime/'],
  // The runtime writes large constants to a temporary file, from which ONNX Runtime maps them.
  'node:fs': [
    'src/files/',
    'src/app/',
    'src/engine/runtime/describe-program.ts',
    'src/engine/runtime/devices.ts',
  ],
  'node:fs/promises': ['src/files/', 'src/app/'],
};

interface Import {
  readonly from: string;
  readonly target: string;
  readonly kind: 'type' | 'value';
}

const files = sourceFiles('src');
const imports = files.flatMap(importsOf);

describe('the architecture', () => {
  test('has one arrow: no group imports one to its right', () => {
    expect(against(groups, 1)).toEqual([]);
  });

  test('has one arrow inside the engine', () => {
    expect(against(engineLayers, 2)).toEqual([]);
  });

  test('keeps the native library, and the disk, in their places', () => {
    const strays = imports.filter(({ from, target }) =>
      reserved[target]?.every((place) => !from.startsWith(place)),
    );
    expect(strays).toEqual([]);
  });

  test('has no cycle of imports', () => {
    expect(findCycle()).toBeUndefined();
  });

  test('is named in full words', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|manager|misc)([-.]|$)/;
    const odd = files.filter(({ path }) => vague.test(path) || !/^[a-z0-9/-]+\.tsx?$/.test(path));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  test('has no file over 500 lines', () => {
    expect(files.filter(({ text }) => text.split('\n').length > 501).map(({ path }) => path)).toEqual([]);
  });
});

function importsOf({ path, text }: SourceFile): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gms);
  return [...statements].map(([, type, target]) => ({
    from: path,
    target: target!.startsWith('.') ? posix.join(posix.dirname(path), target!) : target!,
    kind: type === undefined ? 'value' : 'type',
  }));
}

/** Imports whose target stands further right in the list than the importer, by a part of the path. */
function against(order: readonly string[], part: number): string[] {
  const rank = (path: string) => (path.startsWith('src/') ? order.indexOf(path.split('/')[part] ?? '') : -1);
  return imports
    .filter(
      ({ from, target }) => rank(from) >= 0 && rank(target) > rank(from) && sameParent(from, target, part),
    )
    .map(({ from, target }) => `${from} imports ${target}`);
}

const sameParent = (a: string, b: string, part: number) =>
  a.split('/').slice(0, part).join('/') === b.split('/').slice(0, part).join('/');

function findCycle(): string[] | undefined {
  const graph = groupByFrom();
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const { target, kind } of graph.get(file) ?? []) {
      const cycle =
        kind === 'value' && target.startsWith('src/') ? visit(target, [...trail, file]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function groupByFrom(): Map<string, Import[]> {
  const graph = new Map<string, Import[]>();
  for (const entry of imports) graph.set(entry.from, [...(graph.get(entry.from) ?? []), entry]);
  return graph;
}
