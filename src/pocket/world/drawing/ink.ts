import { hexOf, lightness, mix } from '../colours.ts';
import { type Coat, patternOn } from '../patterns/index.ts';
import type { Appearance, Side } from '../scene.ts';
import { ellipse } from './path.ts';
import { fill, linearGradient, radialGradient, stroke } from './svg.ts';

/** A closed outline with its colour, light and, on the coat of a subject, its pattern. */
export interface Part {
  readonly path: string;
  /** `#rrggbb`. */
  readonly fill: string;
  readonly coat?: Coat;
  /** How light falls on it: on a round body (default), on a flat face, or hardly, on the far side. */
  readonly form?: 'round' | 'flat' | 'far';
}

/** Paints outlined, lit, patterned parts in one hand, so that everything in a picture looks alike. */
export interface Ink {
  /** Parts that make one body: one outline around them all, then each on top of the one before. */
  body(...parts: readonly Part[]): string;
  /** Light and shade over a round outline, for what is painted on it. */
  light(path: string): string;
  /** Content that shows only inside a path. */
  within(path: string, content: string): string;
  /** A line inside a body: a mouth, a fold, a seam. */
  line(path: string, colour: string, width?: number): string;
  /** A dark eye with a glint. */
  eye(x: number, y: number, radius: number): string;
}

/** An ink for things that wear an appearance; the colours are ready for use as fills. */
export interface SubjectInk extends Ink {
  readonly appearance: Appearance;
  readonly base: string;
  readonly second: string;
  /** A lighter base, for a muzzle or a belly. */
  readonly pale: string;
  /** A part in the base colour with the pattern on it. */
  coat(path: string, coat: Coat, form?: Part['form']): Part;
}

/** Gives out names for clip paths, unique in a picture. */
export type Names = () => string;

const outlineWidth = 0.95;
const shade = '#2a1a3c';
const eyeColour = '#241a30';

/** The gradients that the ink refers to: once in every picture. */
export const inkGradients: string = (['left', 'right'] as const)
  .map((side) => {
    const x = side === 'left' ? 0.3 : 0.7;
    return (
      radialGradient(
        `round-${side}`,
        [x, 0.22, 0.86],
        [
          [0, '#ffffff', 0.34],
          [0.45, '#ffffff', 0],
          [0.5, shade, 0],
          [1, shade, 0.42],
        ],
      ) +
      linearGradient(
        `flat-${side}`,
        [side === 'left' ? 0 : 1, 0, side === 'left' ? 0.7 : 0.3, 1],
        [
          [0, '#ffffff', 0.2],
          [0.5, '#ffffff', 0],
          [1, shade, 0.24],
        ],
      )
    );
  })
  .join('');

/** @param light the side the light comes from, as the drawing sees it (mirrored in a mirrored drawing). */
export const createInk = (light: Side, names: Names): Ink => inkWith(light, names, () => '');

/** An ink that also draws the appearance's pattern on every part with a coat. */
export function createSubjectInk(appearance: Appearance, light: Side, names: Names): SubjectInk {
  const [base, second] = [hexOf(appearance.base), hexOf(appearance.second)];
  return {
    ...inkWith(light, names, (coat) => patternOn(coat, appearance.pattern, appearance.patternSeed, second)),
    appearance,
    base,
    second,
    pale: mix(base, '#fff6e8', lightness(base) > 0.8 ? 0.8 : 0.55),
    coat: (path, coat, form = 'round') => ({ path, fill: base, coat, form }),
  };
}

function inkWith(light: Side, names: Names, pattern: (coat: Coat) => string): Ink {
  const within = (path: string, content: string) => {
    if (content === '') return '';
    const name = names();
    return `<clipPath id="${name}"><path d="${path}"/></clipPath><g clip-path="url(#${name})">${content}</g>`;
  };
  const marks = ({ path, coat }: Part) => (coat === undefined ? '' : within(path, pattern(coat)));
  return {
    within,
    light: (path) => fill(path, `url(#round-${light})`),
    body: (...parts) =>
      parts.map((part) => stroke(part.path, outlineOf(part.fill), 2 * outlineWidth)).join('') +
      parts.map((part) => fill(part.path, part.fill) + marks(part) + lit(part, light)).join(''),
    line: (path, colour, width = 0.9) => stroke(path, outlineOf(colour), width),
    eye: (x, y, radius) =>
      fill(ellipse(x, y, radius * 0.9, radius * 1.1), eyeColour) +
      fill(ellipse(x + (light === 'left' ? -0.3 : 0.3) * radius, y - 0.4 * radius, radius * 0.38), '#ffffff'),
  };
}

/** The outline of a colour: the same hue, much darker. */
export const outlineOf = (colour: string): string => mix(colour, '#22152f', 0.72);

function lit({ path, form = 'round' }: Part, light: Side): string {
  if (form === 'far') return fill(path, shade, 0.32);
  return fill(path, `url(#${form}-${light})`);
}
