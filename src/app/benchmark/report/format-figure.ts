import type { Estimate, Interval, MetricName } from '../../../methods/evaluation/index.ts';

/** Decimals that a metric's means are worth. */
const decimals: { readonly [M in MetricName]?: number } = {
  psnr: 2,
  'background-psnr': 2,
  'background-max-difference': 1,
  l1: 4,
  'oracle-l1': 4,
  'oracle-subject-l1': 4,
};

const decimalsOf = (metric: MetricName): number => decimals[metric] ?? 3;

export const formatFigure = (metric: MetricName, value: number): string => value.toFixed(decimalsOf(metric));

/** "−0.012 [−0.020, −0.004]", with a real minus; without the interval where there is none. */
export function formatDifference(metric: MetricName, { value, interval }: Estimate): string {
  const digits = decimalsOf(metric) + 1;
  return `${signed(value, digits)}${formatInterval(interval, digits)}`;
}

/** "−7.3 % [−9.1, −5.2]" */
export const formatPercent = ({ value, interval }: Estimate): string =>
  `${signed(value, 1)} %${formatInterval(interval, 1)}`;

const formatInterval = (interval: Interval | undefined, digits: number): string =>
  interval === undefined ? '' : ` [${signed(interval.low, digits)}, ${signed(interval.high, digits)}]`;

export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}
