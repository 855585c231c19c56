import { ParameterError } from '../../tasks/task.ts';
import { type Cell, caseKey } from './cell.ts';

/** The part of the work that one of several machines does. */
export interface Shard {
  /** 1 … of */
  readonly index: number;
  readonly of: number;
}

/** Reads `2/4`. @throws TaskError */
export function parseShard(text: string): Shard {
  const [, first, second] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const [index, of] = [Number(first), Number(second)];
  if (index >= 1 && index <= of) return { index, of };
  throw new ParameterError('shard', `expected a part of a whole such as 2/4, got ${JSON.stringify(text)}`);
}

/**
 * The cells of a shard; all shards together have each cell once. Cells of one personalized model stay together, so that
 * it is trained on one machine, unless there are fewer of them than shards: then those of a case do.
 */
export function cellsOfShard(cells: readonly Cell[], { index, of }: Shard): readonly Cell[] {
  const models = new Set(cells.map(({ learn }) => learn));
  const unitOf =
    models.size >= of ? ({ learn }: Cell) => learn : (cell: Cell) => `${cell.learn} ${caseKey(cell)}`;
  const units = [...new Set(cells.map(unitOf))];
  const places = new Map(units.map((unit, place) => [unit, place]));
  return cells.filter((cell) => places.get(unitOf(cell))! % of === index - 1);
}
