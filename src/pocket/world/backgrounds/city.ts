import type { Chance } from '../chance.ts';
import { box, ellipse, number } from '../drawing/path.ts';
import { downwardGradient, fill, radialGradient } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';
import { sun } from './scenery.ts';

/** A street at night. */
export const city: BackgroundDrawing = {
  tint: [0.86, 0.86, 0.98],
  ground: [90, 80],
  draw: (chance, light) => {
    const street = chance.between(64, 70);
    let stars = '';
    for (let i = 0; i < 30; i++)
      stars += ellipse(chance.between(0, 100), chance.between(0, 40), chance.between(0.2, 0.5));
    return {
      definitions:
        downwardGradient('sky', [
          [0, '#141a3e'],
          [0.7, chance.pick(['#3d3a78', '#563a74', '#274a7c'])],
          [1, '#8a5a88'],
        ]) +
        downwardGradient('street', [
          [0, '#5a5b7c'],
          [1, '#36375a'],
        ]) +
        radialGradient(
          'lamplight',
          [0.5, 0.5, 0.5],
          [
            [0, '#ffe9a8', 0.8],
            [1, '#ffe9a8', 0],
          ],
        ),
      svg:
        fill('M0 0H100V75H0Z', 'url(#sky)') +
        fill(stars, '#ffffff', 0.9) +
        sun(chance, light, '#f7f1d0', '#c9cdf0') +
        skyline(chance, street, 24, 44, '#2c2c5c', 0.35) +
        skyline(chance, street, 12, 34, '#23224a', 0.55) +
        fill(`M0 ${number(street)}H100V100H0Z`, 'url(#street)') +
        fill(`M0 ${number(street)}H100V${number(street + 2)}H0Z`, '#7d7ea0') +
        fill([4, 30, 56, 82].map((x) => box(x, 95.4, 14, 1.6, 0.4)).join(''), '#e8d890', 0.8) +
        streetLamp(chance.pick([8, 92]), street + 3),
    };
  },
};

/** Houses side by side with lit windows; `lit` is the share of windows with light. */
function skyline(
  chance: Chance,
  street: number,
  low: number,
  high: number,
  wall: string,
  lit: number,
): string {
  let houses = '';
  let windows = '';
  for (let x = -4; x < 100; ) {
    const width = chance.between(11, 18);
    const top = street - chance.between(low, high);
    houses += box(x, top, width - 0.6, street - top + 1);
    for (let y = top + 3; y < street - 5; y += 5) {
      for (let at = x + 2; at < x + width - 3; at += 4)
        if (chance.happens(lit)) windows += box(at, y, 2, 2.7);
    }
    x += width;
  }
  return fill(houses, wall) + fill(windows, chance.pick(['#ffd977', '#ffe6a0', '#ffc76a']), 0.92);
}

const streetLamp = (x: number, y: number): string =>
  fill(ellipse(x, y - 40, 14), 'url(#lamplight)') +
  fill(box(x - 0.7, y - 38, 1.4, 38) + box(x - 2, y - 1.6, 4, 2, 0.6), '#17172e') +
  fill(ellipse(x, y - 40, 2.6), '#fff3c4');
