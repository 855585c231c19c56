import { number } from './path.ts';

/** A filled path. */
export const fill = (path: string, colour: string, opacity = 1): string =>
  `<path d="${path}" fill="${colour}"${opacity === 1 ? '' : ` fill-opacity="${number(opacity)}"`}/>`;

/** A stroked path with round ends. */
export const stroke = (path: string, colour: string, width: number, opacity = 1): string =>
  `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${number(width)}" stroke-linecap="round"` +
  ` stroke-linejoin="round"${opacity === 1 ? '' : ` stroke-opacity="${number(opacity)}"`}/>`;

/** A group moved to (x, y), turned by degrees and scaled. */
export const group = (content: string, x: number, y: number, turn = 0, scaleX = 1, scaleY = scaleX): string =>
  `<g transform="translate(${number(x)} ${number(y)})${turn === 0 ? '' : ` rotate(${number(turn)})`}` +
  `${scaleX === 1 && scaleY === 1 ? '' : ` scale(${scaleX} ${scaleY})`}">${content}</g>`;

/** A stop of a gradient: where, which colour, how opaque. */
export type Stop = readonly [offset: number, colour: string, opacity?: number];

/** A gradient from (x1, y1) to (x2, y2) of the filled shape's own box, 0 to 1. */
export const linearGradient = (
  id: string,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  stops: readonly Stop[],
): string =>
  `<linearGradient id="${id}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${stops.map(stop).join('')}</linearGradient>`;

/** A gradient from the top of the filled shape's own box to its bottom. */
export const downwardGradient = (id: string, stops: readonly Stop[]): string =>
  linearGradient(id, [0, 0, 0, 1], stops);

/** A gradient around (x, y) of the filled shape's own box. */
export const radialGradient = (
  id: string,
  [x, y, radius]: readonly [number, number, number],
  stops: readonly Stop[],
): string =>
  `<radialGradient id="${id}" cx="${x}" cy="${y}" r="${radius}">${stops.map(stop).join('')}</radialGradient>`;

const stop = ([offset, colour, opacity = 1]: Stop): string =>
  `<stop offset="${offset}" stop-color="${colour}" stop-opacity="${opacity}"/>`;
