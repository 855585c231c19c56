import type { Chance } from '../chance.ts';
import { mix } from '../colours.ts';
import { box, ellipse, number, polygon } from '../drawing/path.ts';
import { fill, linearGradient } from '../drawing/svg.ts';
import type { BackgroundDrawing } from './background-drawing.ts';

/** A kitchen with a stove and a chequered floor. */
export const kitchen: BackgroundDrawing = {
  tint: [1, 0.99, 0.95],
  ground: [92, 83],
  draw: (chance, light) => {
    const floor = chance.between(64, 69);
    const cupboard = chance.pick(['#7fb0a6', '#e4c07a', '#8fa8cf', '#d98f7a', '#f0e6d6']);
    const tile = chance.pick(['#f4efe4', '#e3eef0', '#f6e6dc']);
    const counter = floor - 23;
    return {
      definitions: linearGradient(
        'glow',
        [light === 'left' ? 0 : 1, 0, light === 'left' ? 1 : 0, 0.3],
        [
          [0, '#fff6d8', 0.4],
          [1, '#3a2a4c', 0.14],
        ],
      ),
      svg:
        fill(`M0 0H100V${number(floor)}H0Z`, tile) +
        fill(tiles(counter), mix(tile, '#8a8f9a', 0.35)) +
        hangingCupboards(chance, cupboard) +
        fill(box(0, counter, 100, floor - counter), cupboard) +
        lowerCupboards(cupboard, counter, floor) +
        stove(chance.pick([10, 64]), counter, floor) +
        fill(box(0, counter - 2.6, 100, 3.6), '#a9744a') +
        jars(chance, counter - 2.6) +
        fill(`M0 0H100V${number(floor)}H0Z`, 'url(#glow)') +
        fill(`M0 ${number(floor)}H100V100H0Z`, '#f3ead9') +
        fill(checkeredFloor(floor), chance.pick(['#b9564c', '#4f7f95', '#5a5560', '#7a9a6a']), 0.75) +
        fill(box(0, floor - 1.6, 100, 1.8), '#4a3a44', 0.6),
    };
  },
};

function tiles(bottom: number): string {
  let path = '';
  for (let y = 2; y < bottom; y += 7) path += box(0, y, 100, 0.5);
  for (let x = 3; x < 100; x += 7) path += box(x, 0, 0.5, bottom);
  return path;
}

function hangingCupboards(chance: Chance, cupboard: string): string {
  const gap = chance.pick([0, 33, 66]);
  const doors = [0, 33, 66].filter((x) => x !== gap);
  const shelf = fill(box(gap + 2, 14, 30, 1.6), '#a9744a');
  const plates = [6, 14, 22].map(
    (dx) =>
      fill(ellipse(gap + dx + 3, 10.4, 3.6), '#fdfaf2') + fill(ellipse(gap + dx + 3, 10.4, 2), '#9fc0d8'),
  );
  return (
    doors.map((x) => fill(box(x + 0.6, -2, 32.6, 22, 1), cupboard)).join('') +
    fill(
      doors.map((x) => box(x + 3, -2, 12.6, 19, 0.6) + box(x + 18, -2, 12.6, 19, 0.6)).join(''),
      '#ffffff',
      0.22,
    ) +
    shelf +
    plates.join('')
  );
}

const lowerCupboards = (cupboard: string, counter: number, floor: number): string => {
  const doors = [2, 27, 52, 77];
  return (
    fill(
      doors.map((x) => box(x, counter + 3, 21, floor - counter - 6, 0.8)).join(''),
      mix(cupboard, '#ffffff', 0.22),
    ) + fill(doors.map((x) => box(x + 8, counter + 5, 5, 1, 0.5)).join(''), '#5a4650')
  );
};

const stove = (x: number, counter: number, floor: number): string =>
  fill(box(x, counter, 27, floor - counter), '#e9e9ee') +
  fill(box(x + 3, counter + 7, 21, 12, 1.4), '#3b3946') +
  fill(box(x + 4.4, counter + 8.4, 18.2, 4, 1), '#f0a45a', 0.55) +
  fill([5, 10, 17, 22].map((dx) => ellipse(x + dx, counter + 4, 1.1)).join(''), '#4a4652');

function jars(chance: Chance, y: number): string {
  return Array.from({ length: 5 }, (_, index) => {
    const x = 5 + index * 20 + chance.between(-3, 3);
    const tall = chance.between(5, 9);
    const colour = chance.pick(['#d8574e', '#f0c24f', '#6fa88c', '#7f9fd0', '#e8e2d4']);
    return (
      fill(box(x, y - tall, 6, tall, 1), colour) +
      fill(box(x + 0.4, y - tall - 1.4, 5.2, 1.8, 0.6), '#8a5c38')
    );
  }).join('');
}

/** Squares in perspective, seen from the middle. */
function checkeredFloor(floor: number): string {
  const rows = [floor, floor + 4, floor + 9.6, floor + 17.4, floor + 28, floor + 42];
  const at = (column: number, y: number) => 50 + column * 10 * (1 + (y - floor) / 22);
  let path = '';
  for (let row = 0; row + 1 < rows.length; row++) {
    for (let column = -6; column < 6; column++) {
      if ((row + column) % 2 !== 0) continue;
      const [top, bottom] = [rows[row]!, rows[row + 1]!];
      path += polygon([
        [at(column, top), top],
        [at(column + 1, top), top],
        [at(column + 1, bottom), bottom],
        [at(column, bottom), bottom],
      ]);
    }
  }
  return path;
}
