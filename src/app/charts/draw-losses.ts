import { drawChart } from './draw-chart.ts';

export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** As many points as the eye can follow; each is the mean of the steps around it. */
const MOST_POINTS = 200;

/** The course of a loss, on a logarithmic scale where it stays above 0. */
export function drawLosses(points: readonly LossPoint[]): Promise<Uint8Array> {
  const means = averaged(points);
  const type = means.every(({ loss }) => loss > 0) ? 'log' : 'linear';
  return drawChart(({ line }) => ({
    width: 640,
    height: 280,
    marginLeft: 56,
    x: { label: 'step' },
    y: { label: 'loss', type, grid: true, tickFormat: '~g' },
    marks: [line(means, { x: 'step', y: 'loss', stroke: '#4269d0', strokeWidth: 1.5 })],
  }));
}

/** Means of neighbours. */
export function averaged(points: readonly LossPoint[]): LossPoint[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  return Array.from({ length: size === 0 ? 0 : Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    const mean = (of: keyof LossPoint) => part.reduce((sum, point) => sum + point[of], 0) / part.length;
    return { step: mean('step'), loss: mean('loss') };
  });
}
