import type * as composites from '../../../src/engine/graph/composites/index.ts';
import type { Case } from './case.ts';
import { attentionCases, attentionProbabilitiesCases } from './composite-cases/attention.ts';
import { imageCases } from './composite-cases/images.ts';
import { neuronCases } from './composite-cases/neurons.ts';
import { describeConformance } from './describe-conformance.ts';

/** A composite without cases does not compile. */
const cases: { readonly [C in keyof typeof composites]: readonly Case[] } = {
  attention: attentionCases,
  attentionProbabilities: attentionProbabilitiesCases,
  ...imageCases,
  ...neuronCases,
};

// Composites contain constants (√½, 1.702, ε), which the graph keeps in float32.
describeConformance(cases, { referenceTolerance: 2e-7 });
