import type { Chance } from '../chance.ts';
import { ellipse } from '../drawing/path.ts';
import { downwardGradient, fill } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { cloud, hills, sun, tufts } from './scenery.ts';

export const meadow: BackgroundDrawing = {
  tint: [1, 1, 0.98],
  ground: [90, 78],
  draw: (chance, light) => {
    const horizon = chance.between(50, 60);
    const sky = chance.pick(['#7cc0ee', '#93cdf0', '#a9d8ee', '#8fb9ee']);
    const grass = chance.pick(['#86c253', '#7ab84e', '#97c95a', '#6fb357']);
    const clouds = Array.from({ length: chance.pick([1, 2, 3]) }, () =>
      cloud(chance, chance.between(5, 95), chance.between(8, 32)),
    );
    const flowers = Array.from({ length: 26 }, () => flower(chance, horizon + 8));
    return {
      definitions:
        downwardGradient('sky', [
          [0, sky],
          [1, '#e9f6fb'],
        ]) +
        downwardGradient('grass', [
          [0, '#a9d66b'],
          [0.25, grass],
          [1, '#4f9140'],
        ]),
      svg:
        fill('M0 0H100V70H0Z', 'url(#sky)') +
        sun(chance, light) +
        clouds.join('') +
        fill(hills(chance, horizon - 4, 7), '#8fbf95') +
        fill(hills(chance, horizon, 4), '#7bb56e') +
        fill(hills(chance, horizon + 4, 2), 'url(#grass)') +
        tufts(chance, horizon + 8, '#3f7f38') +
        flowers.join(''),
    };
  },
};

/** Four petals round a yellow heart, larger toward the viewer. */
function flower(chance: Chance, top: number): string {
  const [x, y] = [chance.between(0, 100), chance.between(top, 98)];
  const size = 0.35 + (y - top) / 60;
  const petal = (dx: number, dy: number) => ellipse(x + dx * size, y + dy * size, size * 0.8);
  const petals = petal(-1, 0) + petal(1, 0) + petal(0, -1) + petal(0, 1);
  return (
    fill(petals, chance.pick(['#ffffff', '#fff2a8', '#f7b7d2'])) + fill(ellipse(x, y, size * 0.6), '#f2b632')
  );
}
