/**
 * Two names for every tensor of a network: the one in its parameter tree (diffusers', transformers') and the one in
 * the original repositories' files (CompVis' latent-diffusion, OpenCLIP). Each network has one table of modules,
 * which is read in both directions.
 */
export interface Naming {
  /** Where a tensor of the tree is in an original file; undefined for a name that the table does not have. */
  toOriginal(name: string): OriginalPlace | undefined;
  /** What an original tensor holds: three of OpenCLIP's attention, else one. Undefined as above. */
  fromOriginal(name: string): readonly TreePlace[] | undefined;
}

export interface OriginalPlace {
  readonly name: string;
  readonly form: OriginalForm;
}

export interface TreePlace {
  readonly name: string;
  readonly form: OriginalForm;
}

/** How an original tensor holds one of ours. */
export type OriginalForm =
  | 'the same'
  /** A linear layer kept as a 1x1 convolution. */
  | 'with a 1x1 kernel'
  /** Queries, keys and values below one another. */
  | 'first third'
  | 'second third'
  | 'last third';

/** A module by its two names, and what differs in the names below it. */
export interface ModuleNames {
  readonly tree: string;
  readonly original: string;
  /** Names that are not listed are the same on both sides. */
  readonly inside?: readonly InnerName[];
}

export type InnerName = readonly [tree: string, original: string, form?: OriginalForm];

export function namingOf(modules: readonly ModuleNames[]): Naming {
  const byTree = new Map(modules.map((module) => [module.tree, module]));
  const byOriginal = new Map(modules.map((module) => [module.original, module]));
  return {
    toOriginal: (name) => {
      const found = innermost(name, byTree);
      if (found === undefined) return undefined;
      const { module, rest } = found;
      for (const [tree, original, form = 'the same'] of module.inside ?? []) {
        const end = below(rest, tree);
        if (end !== undefined) return { name: join(module.original, original + end), form };
      }
      return { name: join(module.original, rest), form: 'the same' };
    },
    fromOriginal: (name) => {
      const found = innermost(name, byOriginal);
      if (found === undefined) return undefined;
      const { module, rest } = found;
      const places = (module.inside ?? []).flatMap(([tree, original, form = 'the same']) => {
        const end = below(rest, original);
        return end === undefined ? [] : [{ name: join(module.tree, tree + end), form }];
      });
      return places.length > 0 ? places : [{ name: join(module.tree, rest), form: 'the same' }];
    },
  };
}

/** The module with the longest name that the name lies below. */
function innermost(name: string, modules: ReadonlyMap<string, ModuleNames>) {
  for (let end = name.length; end > 0; end = name.lastIndexOf('.', end - 1)) {
    const module = modules.get(name.slice(0, end));
    if (module !== undefined) return { module, rest: name.slice(end + 1) };
  }
  const root = modules.get('');
  return root === undefined ? undefined : { module: root, rest: name };
}

/** What follows `start` in `name`, with its dot; undefined if `name` is something else. */
const below = (name: string, start: string): string | undefined =>
  name === start || name.startsWith(`${start}.`) ? name.slice(start.length) : undefined;

const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('.');
