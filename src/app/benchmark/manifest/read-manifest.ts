import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseStrictJson } from '../../../files/formats/strict-json.ts';
import { isThere } from '../../models/is-there.ts';
import { TaskError } from '../../tasks/task.ts';
import { type Manifest, manifestSchema } from './manifest.ts';
import { type ReferenceFile, referenceFiles } from './picture-files.ts';

/** A manifest whose files are there. */
export interface OpenedManifest {
  readonly path: string;
  readonly manifest: Manifest;
  /** Of a path in it. */
  resolve(path: string): string;
  /** By the concept's name, sorted by theirs. */
  readonly references: ReadonlyMap<string, readonly ReferenceFile[]>;
}

/**
 * Reads a manifest and looks whether its files are there and its parts fit each other.
 * @throws TaskError, one sentence that begins with the path and says which entry is wrong
 */
export async function readManifest(path: string): Promise<OpenedManifest> {
  const refuse = (what: string): never => {
    throw new TaskError(`${path}: ${what}`);
  };
  const manifest = parseManifest(await readText(path), refuse);
  const resolve = (relative: string) => join(dirname(path), relative);
  checkNames(manifest, refuse);
  const references = new Map<string, readonly ReferenceFile[]>();
  for (const { name, references: folder } of manifest.concepts) {
    const files = await referenceFiles(resolve(folder));
    if (files.length === 0) {
      refuse(`the folder of the concept "${name}", ${folder}, holds no picture; correct "references"`);
    }
    references.set(name, files);
  }
  for (const [owner, file] of namedFiles(manifest)) {
    if (!(await isThere(resolve(file))))
      refuse(`${owner} names ${file}, which is not there; correct the path`);
  }
  return { path, manifest, resolve, references };
}

async function readText(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const hint =
      code === 'EISDIR'
        ? 'is a folder; name the manifest in it, or write one with "dreamsteerer bench init"'
        : `cannot be read (${code}); name a manifest, or write one with "dreamsteerer bench init"`;
    throw new TaskError(`${path}: ${hint}`, { cause });
  }
}

/** A manifest lists files: objects in lists in an object. */
const DEEPEST = 6;

function parseManifest(bytes: Uint8Array, refuse: (what: string) => never): Manifest {
  let json: unknown;
  try {
    json = parseStrictJson(bytes, DEEPEST);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue!.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const where = place === '' ? 'the top' : place.replace(/^\./, '');
  return refuse(
    `is no manifest of a benchmark, at ${where}: ${issue!.message}; docs/benchmark.md describes its form`,
  );
}

function checkNames({ concepts, sources }: Manifest, refuse: (what: string) => never): void {
  for (const [kind, items] of [['concepts', concepts] as const, ['sources', sources] as const]) {
    const names = items.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) refuse(`two ${kind} are called "${twice}"; give each a name of its own`);
  }
  const known = new Set(concepts.map(({ name }) => name));
  for (const { name, concepts: wanted = [], oracles = {} } of sources) {
    const unknown = [...wanted, ...Object.keys(oracles)].find((concept) => !known.has(concept));
    if (unknown !== undefined) {
      refuse(`the source "${name}" names the concept "${unknown}", which is not among the concepts`);
    }
  }
  if (pairsOf({ concepts, sources }).length === 0) {
    refuse(
      `no source has the class of a concept (${list(concepts)} against ${list(sources)}); correct "classWord", or name "concepts" at the sources`,
    );
  }
}

const list = (items: readonly { readonly classWord: string }[]): string =>
  [...new Set(items.map(({ classWord }) => classWord))].join(', ');

/** Every concept with every source that is edited into it, by their names; sources in their order, concepts within. */
export function pairsOf({
  concepts,
  sources,
}: Pick<Manifest, 'concepts' | 'sources'>): readonly (readonly [concept: string, source: string])[] {
  return sources.flatMap((source) =>
    concepts
      .filter(({ name, classWord }) =>
        source.concepts === undefined ? classWord === source.classWord : source.concepts.includes(name),
      )
      .map(({ name }) => [name, source.name] as const),
  );
}

function namedFiles({ sources }: Manifest): readonly (readonly [owner: string, path: string])[] {
  return sources.flatMap(({ name, picture, mask, oracles = {} }) =>
    [picture, mask, ...Object.values(oracles).flatMap((oracle) => [oracle.picture, oracle.mask])].flatMap(
      (file) => (file === undefined ? [] : [[`the source "${name}"`, file] as const]),
    ),
  );
}
