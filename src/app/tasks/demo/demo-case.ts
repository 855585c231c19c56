import { nearestName } from '../../../networks/nn/index.ts';
import {
  type BenchmarkConcept,
  type BenchmarkSource,
  benchmarkSet,
  type Scene,
} from '../../../pocket/world/index.ts';
import { ParameterError } from '../task.ts';

/** An edit of the drawn benchmark, with its right answer. */
export interface DemoCase {
  /** `cat-1/cat-01` */
  readonly name: string;
  readonly concept: BenchmarkConcept;
  readonly source: BenchmarkSource;
  readonly oracle: Scene;
}

/** @param name of the concept and the source, `cat-1/cat-01` */
export function chooseCase(name: string): DemoCase {
  const { concepts, sources, pairs } = benchmarkSet();
  const nameOf = (pair: { readonly concept: string; readonly source: string }) =>
    `${pair.concept}/${pair.source}`;
  const pair = pairs.find((each) => nameOf(each) === name);
  if (pair === undefined) {
    const names = pairs.map(nameOf);
    throw new ParameterError(
      'case',
      `there is no "${name}" among the ${names.length} pairs of the benchmark; the nearest is ${nearestName(name, names)}`,
    );
  }
  return {
    name,
    concept: concepts.find(({ concept }) => concept.name === pair.concept)!,
    source: sources.find((source) => source.name === pair.source)!,
    oracle: pair.oracle,
  };
}
