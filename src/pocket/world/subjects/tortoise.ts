import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import type { Part, SubjectInk } from '../drawing/ink.ts';
import { ellipse, smooth, tube } from '../drawing/path.ts';
import { fill, group } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** The shell wears base colour and pattern, the skin is a mild second colour. */
export const tortoise: SubjectDrawing = {
  postures: { standing },
  accessories: ['scarf', 'hat', 'crown', 'bow', 'glasses'],
  reach: { back: 34, front: 42, up: 46 },
  shadow: 29,
  hover: 0,
};

function standing(pose: Pose, ink: SubjectInk): string {
  const { build } = ink.appearance;
  const wide = 23 + 2 * pose.bodyLength;
  const top = -32 - 3 * build;
  const skin = mix(ink.second, '#d9cf8f', 0.45);
  const shell = smooth([
    [-wide, -9],
    [-wide * 0.86, -19 - build],
    [-wide * 0.42, top + 2.5],
    [0, top],
    [wide * 0.42, top + 2.5],
    [wide * 0.86, -19 - build],
    [wide, -9],
    [wide * 0.5, -7.4],
    [-wide * 0.5, -7.4],
  ]);
  const leg = (x: number, swing: number, form: 'round' | 'far'): Part => ({
    path: tube(
      [
        [x, -11],
        [x + swing * 0.6, -6],
        [x + swing, -2.8],
      ],
      [4.8, 4.4, 4],
    ),
    fill: skin,
    form,
  });
  const swing = 2.6 * pose.limbs;
  return (
    ink.body(leg(wide * 0.72, -swing, 'far'), leg(-wide * 0.4, swing, 'far')) +
    ink.body({
      path: tube(
        [
          [-wide + 3, -8],
          [-wide - 2, -7],
          [-wide - 6, -5 - 1.6 * pose.tail],
        ],
        [2.6, 2, 0.8],
      ),
      fill: skin,
    }) +
    neckAndHead(pose, ink, wide, skin) +
    ink.body(leg(wide * 0.5, swing, 'round'), leg(-wide * 0.64, -swing, 'round')) +
    ink.body(
      ink.coat(shell, { key: 'shell', x: 0, y: -18, length: 23, girth: 13, stretch: [wide / 23, 1] }),
    ) +
    rim(ink, wide) +
    scutes(ink, shell, wide, top)
  );
}

/** The border of the shell; `trait` makes it narrow or broad. */
function rim(ink: SubjectInk, wide: number): string {
  const radius = 2.6 + 0.9 * ink.appearance.trait;
  const path = tube(
    [
      [-wide - 0.5, -9],
      [-wide * 0.4, -6.6],
      [wide * 0.4, -6.6],
      [wide + 0.5, -9],
    ],
    [radius * 0.8, radius, radius, radius * 0.8],
  );
  return ink.body({ path, fill: mix(ink.base, '#ffffff', 0.3) });
}

/** Seams between the shell's plates, over the pattern. */
function scutes(ink: SubjectInk, shell: string, wide: number, top: number): string {
  const [a, b] = [wide * 0.3, wide * 0.62];
  const y = top * 0.62;
  const seams =
    `M${-a} ${top * 0.9}L${-a * 1.3} ${y}L${-b * 1.05} ${y + 3}M${a} ${top * 0.9}L${a * 1.3} ${y}L${b * 1.05} ${y + 3}` +
    `M${-a * 1.3} ${y}L0 ${y + 4}L${a * 1.3} ${y}M0 ${y + 4}V-7M${-b * 1.05} ${y + 3}L${-wide * 0.7} -7M${b * 1.05} ${y + 3}L${wide * 0.7} -7` +
    `M${-b * 1.05} ${y + 3}L${-wide} ${y + 1}M${b * 1.05} ${y + 3}L${wide} ${y + 1}`;
  return ink.within(shell, ink.line(seams, ink.base, 0.75));
}

function neckAndHead(pose: Pose, ink: SubjectInk, wide: number, skin: string): string {
  const [x, y] = [wide + 5.5, -24 - 2.5 * pose.head];
  const neck = tube(
    [
      [wide - 5, -13],
      [wide + 1, -16],
      [x - 1, y + 2],
    ],
    [4.8, 4.2, 4],
  );
  return (
    ink.body({ path: neck, fill: skin }) +
    wear(ink, 'neck', { x: wide + 2.4, y: -17.4, reach: 5.6, turn: 24 }) +
    group(head(ink, skin), x, y, 8 * pose.head, 1 + 0.1 * pose.headSize)
  );
}

function head(ink: SubjectInk, skin: string): string {
  const skull = smooth([
    [-7, 0],
    [-5.4, -6],
    [0.4, -8],
    [6.4, -5.6],
    [8.6, 0],
    [6.6, 5],
    [0, 6.4],
    [-5.4, 4.6],
  ]);
  return (
    ink.body({ path: skull, fill: skin }) +
    fill(ellipse(-1.6, 2.4, 1.9, 1.3), '#e8707f', 0.4) +
    ink.line('M0.4 3.4Q3.6 5.2 6.8 2.4', skin, 0.8) +
    ink.eye(-0.8, -2, 1.8) +
    ink.eye(5.4, -2, 1.7) +
    wear(ink, 'eyes', { x: 2.3, y: -1.8, reach: 3.7 }) +
    wear(ink, 'side', { x: -3.6, y: -6.8, reach: 5, turn: -24 }) +
    wear(ink, 'head', { x: 0.6, y: -6.6, reach: 6.4, turn: 2 })
  );
}
