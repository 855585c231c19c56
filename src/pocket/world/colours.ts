/** The colours of subjects, accessories and companions: the word is the caption's, the value its middle tone. */
export const colourValues = {
  white: '#f4f0e8',
  gray: '#9a9ca6',
  black: '#3b3a46',
  brown: '#96623c',
  cream: '#f0d3a2',
  orange: '#f0913a',
  yellow: '#f5ce44',
  red: '#d8433e',
  pink: '#f295b4',
  purple: '#8e5fc0',
  blue: '#4683d6',
  teal: '#35aaa2',
  green: '#62ab4e',
} as const;

export type ColourName = keyof typeof colourValues;

/** A named colour; `tone` from −1 (darker) to 1 (lighter) moves it a little without leaving its name. */
export interface Colour {
  readonly name: ColourName;
  readonly tone: number;
}

export const colourNames = Object.keys(colourValues) as readonly ColourName[];

/** `#rrggbb` of a colour. */
export const hexOf = ({ name, tone }: Colour): string =>
  mix(colourValues[name], tone < 0 ? '#2a1a3c' : '#ffffff', Math.abs(tone) * 0.16);

/** The colour a share of the way from one `#rrggbb` to another. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [channels(from), channels(to)];
  const mixed = a.map((value, index) => Math.round(value + (b[index]! - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** Perceived lightness of `#rrggbb`, from 0 to 1. */
export function lightness(hex: string): number {
  const [red, green, blue] = channels(hex) as [number, number, number];
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
