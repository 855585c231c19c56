/** A point in the scene's units: the picture is 100 wide and 100 high, y grows downwards. */
export type Point = readonly [x: number, y: number];

/** A number as SVG wants it: two decimals, which also hides last-bit differences between machines. */
export const number = (value: number): string => `${Math.round(value * 100) / 100 || 0}`;

/** A closed smooth curve through the points (Catmull–Rom). */
export function smooth(points: readonly Point[]): string {
  const at = (index: number) => points[(index + points.length) % points.length]!;
  let path = `M${pair(at(0))}`;
  for (let i = 0; i < points.length; i++) path += segment(at(i - 1), at(i), at(i + 1), at(i + 2));
  return `${path}Z`;
}

/** An open smooth curve through the points. */
export function curve(points: readonly Point[]): string {
  const at = (index: number) => points[Math.min(Math.max(index, 0), points.length - 1)]!;
  let path = `M${pair(at(0))}`;
  for (let i = 0; i + 1 < points.length; i++) path += segment(at(i - 1), at(i), at(i + 1), at(i + 2));
  return path;
}

export const polygon = (points: readonly Point[]): string => `M${points.map(pair).join('L')}Z`;

export function ellipse(x: number, y: number, radiusX: number, radiusY = radiusX): string {
  const [rx, ry] = [number(radiusX), number(radiusY)];
  const [left, right] = [number(x - radiusX), number(x + radiusX)];
  return `M${left} ${number(y)}A${rx} ${ry} 0 1 1 ${right} ${number(y)}A${rx} ${ry} 0 1 1 ${left} ${number(y)}Z`;
}

/** A rectangle from its upper left corner, with rounded corners. */
export function box(x: number, y: number, width: number, height: number, corner = 0): string {
  const r = number(Math.min(corner, width / 2, height / 2));
  const arc = (dx: string, dy: string) => (r === '0' ? '' : `a${r} ${r} 0 0 1 ${dx} ${dy}`);
  const across = number(width - 2 * Number(r));
  const down = number(height - 2 * Number(r));
  return (
    `M${number(x + Number(r))} ${number(y)}h${across}${arc(r, r)}v${down}${arc(`-${r}`, r)}` +
    `h-${across}${arc(`-${r}`, `-${r}`)}v-${down}${arc(r, `-${r}`)}Z`
  );
}

/** A limb: a band around a curve, as wide at each point as its radius says, with round ends. */
export function tube(spine: readonly Point[], radii: readonly number[]): string {
  const last = spine.length - 1;
  const direction = (index: number): Point => {
    const [from, to] = [spine[Math.max(index - 1, 0)]!, spine[Math.min(index + 1, last)]!];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    return [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  };
  const beside = (index: number, along: number, across: number): Point => {
    const [[x, y], [dx, dy], radius] = [spine[index]!, direction(index), radii[index]!];
    return [x + radius * (dx * along - dy * across), y + radius * (dy * along + dx * across)];
  };
  const indices = spine.map((_, index) => index);
  const start = [beside(0, -0.7, -0.7), beside(0, -1, 0), beside(0, -0.7, 0.7)];
  const end = [beside(last, 0.7, 0.7), beside(last, 1, 0), beside(last, 0.7, -0.7)];
  return smooth([
    ...start,
    ...indices.map((index) => beside(index, 0, 1)),
    ...end,
    ...indices.reverse().map((index) => beside(index, 0, -1)),
  ]);
}

/** A star with five points; the inner radius is 0.45 of the outer. */
export function star(x: number, y: number, radius: number, turn = 0): string {
  return polygon(
    Array.from({ length: 10 }, (_, index): Point => {
      const angle = (index / 10 + turn) * 2 * Math.PI - Math.PI / 2;
      const reach = index % 2 === 0 ? radius : radius * 0.45;
      return [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
    }),
  );
}

const pair = ([x, y]: Point): string => `${number(x)} ${number(y)}`;

function segment(before: Point, from: Point, to: Point, after: Point): string {
  const first: Point = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6];
  const second: Point = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6];
  return `C${pair(first)} ${pair(second)} ${pair(to)}`;
}
