import { ndArray } from '../../../engine/arrays/index.ts';
import type { Plane } from './resize-plane.ts';

/**
 * Of a plane of 0 and 1, the connected region with the largest sum of weights; cells touch at edges and corners. All 0
 * stays so.
 * @param weights as large as the plane: the map that was thresholded, or 1 everywhere for the largest area
 */
export function largestRegion(plane: Plane, weights: Float32Array): Plane {
  const regions = labelRegions(plane, (cell) => plane.data[cell]! > 0, 'edges and corners');
  const sums = new Float64Array(regions.count + 1);
  regions.labels.forEach((label, cell) => {
    if (label > 0) sums[label]! += weights[cell]!;
  });
  let best = 1;
  for (let label = 2; label <= regions.count; label++) if (sums[label]! > sums[best]!) best = label;
  return ndArray(
    'float32',
    plane.shape,
    Float32Array.from(regions.labels, (label) => (label === best ? 1 : 0)),
  );
}

/** Sets the cells of 0 that no path over edges joins to the border to 1. */
export function fillHoles(plane: Plane): Plane {
  const [height, width] = plane.shape as [number, number];
  const { labels, count } = labelRegions(plane, (cell) => plane.data[cell] === 0, 'edges');
  const open = new Uint8Array(count + 1);
  labels.forEach((label, cell) => {
    const [row, column] = [Math.floor(cell / width), cell % width];
    if (row === 0 || column === 0 || row === height - 1 || column === width - 1) open[label] = 1;
  });
  return ndArray(
    'float32',
    plane.shape,
    plane.data.map((value, cell) => (value === 0 && open[labels[cell]!] === 0 ? 1 : value)),
  );
}

/** Numbers the connected regions of the cells that belong, from 1; other cells are 0. */
function labelRegions(
  { shape }: Plane,
  belongs: (cell: number) => boolean,
  touching: 'edges' | 'edges and corners',
): { readonly labels: Int32Array; readonly count: number } {
  const [height, width] = shape as [number, number];
  const labels = new Int32Array(height * width);
  const open: number[] = [];
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] !== 0 || !belongs(start)) continue;
    labels[start] = ++count;
    open.push(start);
    for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
      const [row, column] = [Math.floor(cell / width), cell % width];
      for (const [down, right] of neighbours[touching]) {
        const [nextRow, nextColumn] = [row + down, column + right];
        if (nextRow < 0 || nextRow >= height || nextColumn < 0 || nextColumn >= width) continue;
        const next = nextRow * width + nextColumn;
        if (labels[next] !== 0 || !belongs(next)) continue;
        labels[next] = count;
        open.push(next);
      }
    }
  }
  return { labels, count };
}

const edges = [
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, 0],
] as const;

const neighbours = {
  edges,
  'edges and corners': [...edges, [-1, -1], [-1, 1], [1, -1], [1, 1]],
} as const;
