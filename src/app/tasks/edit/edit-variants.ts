import type { EditVariant } from '../../../methods/editing/index.ts';
import { nearestName } from '../../../networks/nn/index.ts';

/** What can be compared side by side. */
export const variantNames = ['dds', 'dds-s', 'dds-sm', 'full'] as const;
export type VariantName = (typeof variantNames)[number];

export interface Variant {
  /** What the sheet says. */
  readonly title: string;
  readonly edit: EditVariant;
  readonly concept: 'as learned' | 'steered';
  /** Whether only the subject is changed, unless `--no-mask` asks for all. */
  readonly mask: 'subject' | 'none';
}

/** DDS, its corrections one after the other, and with them the steered concept: DreamSteerer. */
export const variants: { readonly [V in VariantName]: Variant } = {
  dds: { title: 'DDS', edit: 'dds', concept: 'as learned', mask: 'none' },
  'dds-s': { title: 'DDS-S', edit: 'dds-s', concept: 'as learned', mask: 'none' },
  'dds-sm': { title: 'DDS-SM', edit: 'dds-sm', concept: 'as learned', mask: 'subject' },
  full: { title: 'DreamSteerer', edit: 'dds-sm', concept: 'steered', mask: 'subject' },
};

/** `['dds,full']` or `['dds', 'full']` as names, each once; what there is no variant of, too. */
export function parseVariants(texts: readonly string[]): {
  readonly names: readonly VariantName[];
  readonly unknown: readonly string[];
} {
  const given = [...new Set(texts.flatMap((text) => text.split(',')).map((name) => name.trim()))];
  const isName = (name: string): name is VariantName => (variantNames as readonly string[]).includes(name);
  return { names: given.filter(isName), unknown: given.filter((name) => !isName(name)) };
}

/** What is wrong with a list of variants, as a sentence; undefined if nothing is. */
export function variantsProblem(texts: readonly string[]): string | undefined {
  const { names, unknown } = parseVariants(texts);
  const [first] = unknown;
  if (first === undefined && names.length > 0) return undefined;
  const nearest = nearestName(first ?? '', variantNames);
  const hint = first === undefined || first === '' ? '' : `; did you mean ${nearest}?`;
  return `expected some of ${variantNames.join(', ')} with commas between, got "${first ?? ''}"${hint}`;
}
