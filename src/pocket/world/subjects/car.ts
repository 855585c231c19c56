import { wear } from '../accessories/index.ts';
import { mix } from '../colours.ts';
import type { SubjectInk } from '../drawing/ink.ts';
import { box, ellipse, polygon, smooth } from '../drawing/path.ts';
import { fill, group, stroke } from '../drawing/svg.ts';
import type { Pose } from '../scene.ts';
import type { SubjectDrawing } from './subject-drawing.ts';

/** Hubs and bumpers in the second colour; `limbs` turns the wheels, `trait` is the height of the roof. */
export const car: SubjectDrawing = {
  postures: { driving },
  accessories: ['hat', 'crown', 'bow'],
  reach: { back: 38, front: 38, up: 51 },
  shadow: 33,
  hover: 0,
};

function driving(pose: Pose, ink: SubjectInk): string {
  const { build, trait } = ink.appearance;
  const long = 32 + 1.5 * pose.bodyLength;
  const roof = -34 - 1.4 * trait - build - pose.headSize;
  const hood = -20 - build;
  const body = smooth([
    [-long, -8],
    [-long + 0.5, -15],
    [-long + 4, hood - 1],
    [-19, hood - 3],
    [-14.5, roof + 4.5],
    [-8, roof],
    [6, roof],
    [12.5, roof + 4],
    [18.5, hood - 1.5],
    [long - 5, hood + 2],
    [long - 0.5, -14],
    [long, -7.5],
    [long * 0.6, -5],
    [-long * 0.6, -5],
  ]);
  return (
    ink.body({ path: box(-long - 2, -10.4, 2 * long + 4, 5, 2.4), fill: mix(ink.second, '#ffffff', 0.1) }) +
    wheels(pose, ink, 'far') +
    ink.body(ink.coat(body, { key: 'body', x: 0, y: -19, length: 32, girth: 14, stretch: [long / 32, 1] })) +
    windows(ink, roof, hood) +
    ink.line(`M-1 ${hood - 1}V-7.4M-15 ${hood - 1}Q-17 -12 -11 -8`, ink.base, 0.75) +
    ink.line('M2 -17.4H6', ink.base, 1.2) +
    lights(ink, long, hood) +
    wheels(pose, ink, 'near') +
    wear(ink, 'side', { x: 0, y: roof - 1, reach: 10 }) +
    wear(ink, 'head', { x: -1, y: roof + 0.6, reach: 11 })
  );
}

function windows(ink: SubjectInk, roof: number, hood: number): string {
  const rear = polygon([
    [-15, hood - 2],
    [-11.4, roof + 5],
    [-8, roof + 3],
    [-2.4, roof + 3],
    [-2.4, hood - 2],
  ]);
  const front = polygon([
    [0.6, hood - 2],
    [0.6, roof + 3],
    [5.4, roof + 3],
    [9.8, roof + 5.4],
    [14.4, hood - 2],
  ]);
  const glint = polygon([
    [-12, hood - 2],
    [-6, roof + 2],
    [-3.6, roof + 2],
    [-9, hood - 2],
  ]);
  return (
    ink.body({ path: rear, fill: '#a9dcf0', form: 'flat' }, { path: front, fill: '#a9dcf0', form: 'flat' }) +
    fill(glint, '#ffffff', 0.5) +
    group(fill(glint, '#ffffff', 0.5), 14, 0)
  );
}

const lights = (ink: SubjectInk, long: number, hood: number): string =>
  ink.body({ path: ellipse(long - 3.6, hood + 6, 2.6, 3), fill: '#fff3b0' }) +
  ink.body({ path: box(-long + 0.4, hood + 2.6, 2.6, 5.4, 1), fill: '#e0453f' });

function wheels({ limbs }: Pose, ink: SubjectInk, side: 'near' | 'far'): string {
  return [-19.5, 19.5]
    .map((x) => {
      if (side === 'far') return fill(ellipse(x + 3, -6, 7, 6.4), '#2a2430');
      const spokes = [0, 60, 120]
        .map((turn) => group(stroke('M-2.8 0H2.8', ink.second, 1.1), x, -7, turn + 50 * limbs))
        .join('');
      return (
        fill(ellipse(x, -8, 9, 8.6), '#2a2030', 0.55) +
        ink.body({ path: ellipse(x, -7, 7, 7), fill: '#454050' }) +
        fill(ellipse(x, -7, 4, 4), mix(ink.second, '#ffffff', 0.55)) +
        spokes +
        fill(ellipse(x, -7, 1.2), '#454050')
      );
    })
    .join('');
}
