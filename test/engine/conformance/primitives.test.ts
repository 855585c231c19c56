import type { Primitive } from '../../../src/engine/graph/index.ts';
import type { Case, KnownCase } from './case.ts';
import { describeConformance } from './describe-conformance.ts';
import { elementByElement } from './primitive-cases/element-by-element.ts';
import { products } from './primitive-cases/products.ts';
import { rearranged } from './primitive-cases/rearranged.ts';

/** A primitive without a case whose result is known does not compile. */
const cases: { readonly [P in Primitive]: readonly [KnownCase, ...Case[]] } = {
  ...elementByElement,
  ...rearranged,
  ...products,
};

describeConformance(cases);
