import { join, posix } from 'node:path';
import { FormatError, quote } from '../../formats/format-error.ts';
import {
  HubError,
  type HubOptions,
  type PullEvent,
  pull,
  pullSelected,
  type WeightsVariant,
} from '../../hub/index.ts';
import { isThere } from '../is-there.ts';
import { savedNames } from '../open-checkpoint/saved-names.ts';
import { cardName } from './write-concept.ts';

export interface LocateConceptOptions {
  readonly hub: HubOptions;
  /** Which weights of a whole model. Default 'full'. */
  readonly variant?: WeightsVariant;
  readonly signal?: AbortSignal;
}

/**
 * The path of a concept that is given by its path, or by its id on the hub, from which it is pulled into the shared
 * cache: `organisation/name`, `organisation/name/folder/file.safetensors`, either with `@revision` behind. Of a
 * repository that names no file it is the folder of a concept or of a whole model, what diffusers' training scripts
 * save, or the one file of weights that it has. What is there on this disk is a path.
 * @throws FormatError if it can be neither; HubError if the hub does not give it, or has several files of weights
 */
export async function* locateConcept(
  pathOrId: string,
  { hub, variant, signal }: LocateConceptOptions,
): AsyncGenerator<PullEvent, string> {
  if (await isThere(pathOrId)) return pathOrId;
  const id = await parseConceptId(pathOrId);
  const options = { ...hub, ...(signal && { signal }) };
  const choose = (paths: ReadonlySet<string>) =>
    id.file === undefined ? chooseFiles(paths) : namedFile(paths, id.file);
  let chosen: ConceptFiles | undefined;
  const events = pullSelected(id.repository, options, (paths) => {
    chosen = choose(paths);
    return chosen.files;
  });
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    // Of a whole model this is its index alone, and progress is told of the rest.
    if (chosen?.kind !== 'whole model') yield next.value;
  }
  const pulled = next.value;
  const [first] = pulled.files;
  const { kind } = choose(new Set(pulled.files));
  if (kind === 'whole model') {
    return (yield* pull(id.repository, { ...options, ...(variant && { variant }) })).folder;
  }
  return kind === 'folder' ? pulled.folder : join(pulled.folder, first!);
}

type ConceptFiles =
  /** `pull` brings the rest. */
  | { readonly kind: 'whole model'; readonly files: readonly [modelIndex: string] }
  /** A card and what it tells of. */
  | { readonly kind: 'folder'; readonly files: readonly string[] }
  /** The first is opened; the others lie beside it. */
  | { readonly kind: 'files'; readonly files: readonly string[] };

function chooseFiles(paths: ReadonlySet<string>): ConceptFiles {
  if (paths.has('model_index.json')) return { kind: 'whole model', files: ['model_index.json'] };
  const weights = [...paths].filter(isWeights);
  if (paths.has(cardName)) {
    return { kind: 'folder', files: [cardName, ...weights.filter((path) => !path.includes('/'))] };
  }
  const saved = savedNames.find((name) => paths.has(name));
  if (saved !== undefined) return { kind: 'files', files: [saved, ...tokensBeside(saved, weights)] };
  const [only, ...others] = weights;
  if (only !== undefined && others.length === 0) return { kind: 'files', files: [only] };
  throw new HubError(
    only === undefined
      ? `has no weights; looked for ${savedNames.join(', ')}`
      : `has several files of weights (${listed(weights)}); name one, as organisation/name/${only}`,
  );
}

function namedFile(paths: ReadonlySet<string>, file: string): ConceptFiles {
  const weights = [...paths].filter(isWeights);
  if (paths.has(file)) return { kind: 'files', files: [file, ...tokensBeside(file, weights)] };
  throw new HubError(
    `has no ${quote(file)}; ${weights.length === 0 ? 'nor any other weights' : `its weights are ${listed(weights)}`}`,
  );
}

/** The tokens of Custom Diffusion, `<new1>.bin`, in the folder of its weights. */
const tokensBeside = (file: string, weights: readonly string[]): readonly string[] =>
  /(^|\/)pytorch_custom_diffusion_weights\.\w+$/.test(file)
    ? weights.filter(
        (path) =>
          posix.dirname(path) === posix.dirname(file) &&
          /^<[^<>]+>\.(bin|safetensors)$/.test(posix.basename(path)),
      )
    : [];

const isWeights = (path: string): boolean => /\.(safetensors|bin|pt|pth|ckpt)$/i.test(path);

const MOST_LISTED = 8;

const listed = (paths: readonly string[]): string =>
  `${paths.slice(0, MOST_LISTED).map(quote).join(', ')}${paths.length > MOST_LISTED ? ', …' : ''}`;

interface ConceptId {
  /** As `pull` takes it. */
  readonly repository: string;
  readonly file: string | undefined;
}

/**
 * What begins with a folder of this disk, or ends as a file without a repository before it or as a picture, is a
 * mistyped path: no reason to ask a server.
 */
async function parseConceptId(text: string): Promise<ConceptId> {
  const pattern = /^(?<owner>[\w-][\w.-]*)\/(?<name>[\w-][\w.-]*)(\/(?<file>[^@\\:]+))?(?<revision>@.+)?$/;
  const { owner, name, file, revision = '' } = pattern.exec(text)?.groups ?? {};
  const isPath =
    owner === undefined ||
    name === undefined ||
    /\.(png|jpe?g|webp|tiff?|avif|json)$/i.test(text) ||
    (file === undefined ? isWeights(name) : await isThere(owner)) ||
    file?.split('/').some((part) => part === '' || part === '.' || part === '..') === true;
  if (!isPath) return { repository: `${owner}/${name}${revision}`, file };
  throw new FormatError(
    `${quote(text)}: is not there (no file or folder of this name); check the path, or give what is on the hub as organisation/name or organisation/name/file`,
  );
}
