import { refuse, type Tensor } from '../../engine/index.ts';
import { type FeatureHook, type FeatureName, featureName } from './feature-hook.ts';
import { nearestName } from './nearest-name.ts';

/** Which features a caller wants, and which it gives. */
export interface FeatureSelection {
  readonly record?: readonly FeatureName[];
  /** A feature that is both replaced and recorded is recorded as replaced. */
  readonly replace?: Readonly<Record<FeatureName, Tensor>>;
}

/** A hook, and what it has seen once the network is traced. */
export interface SelectedFeatures {
  readonly hook: FeatureHook;
  /** @throws ShapeError if a selected feature never came by, with the nearest name of one that did */
  collect(): Readonly<Record<FeatureName, Tensor>>;
}

/** Records and replaces features by their names. */
export function selectFeatures({ record = [], replace = {} }: FeatureSelection): SelectedFeatures {
  const wanted = new Set(record);
  const recorded = new Map<FeatureName, Tensor>();
  const seen = new Set<FeatureName>();
  const hook: FeatureHook = (feature, value) => {
    const name = featureName(feature);
    seen.add(name);
    const given = Object.hasOwn(replace, name) ? replace[name] : undefined;
    if (!wanted.has(name)) return given;
    const used = given ?? value();
    recorded.set(name, used);
    return used;
  };
  const collect = () => {
    for (const name of [...wanted, ...Object.keys(replace)]) {
      if (seen.has(name)) continue;
      refuse('feature', `there is no "${name}"; the nearest name is "${nearestName(name, seen)}"`);
    }
    return Object.fromEntries(record.map((name) => [name, recorded.get(name)!]));
  };
  return { hook, collect };
}
