import {
  gradient,
  mapTree,
  type Problem,
  type Source,
  type Tensor,
  type TensorSpec,
  type Tree,
  trace,
} from '../../engine/index.ts';
import { calibration } from './calibration.ts';
import { intermediateBytes } from './intermediate-bytes.ts';
import type { MemoryStage } from './memory-estimate.ts';
import { floatBytes } from './model-specs.ts';

export interface TrainingMemoryOptions {
  /** Without values; its loss keeps activations, whatever is asked for. */
  readonly problem: Problem<Tree<Source>, Tree<TensorSpec>>;
  /** What of the device's memory the problem reads, by path: `Problem.frozen`. */
  readonly frozen: Tree<TensorSpec>;
  /** What is held beside: the model, and what is kept of a concept. */
  readonly heldBytes: number;
  readonly activations: 'keep' | 'recompute';
}

/** The stages of a training by `minimize`: its steps, and its end, when what was trained is copied to the host. */
export function trainingStages({
  problem,
  frozen,
  heldBytes,
  activations,
}: TrainingMemoryOptions): readonly MemoryStage[] {
  const variables = mapTree<Tree<Source>, Source, TensorSpec>(problem.variables, ({ shape }) => ({
    dtype: 'float32',
    shape,
  })) as Tree<TensorSpec>;
  const one = floatBytes(variables);
  const graph = trace(
    (inputs: {
      readonly variables: Tree<Tensor>;
      readonly batch: Tree<Tensor>;
      readonly frozen: Tree<Tensor>;
    }) => {
      const loss = problem.loss(inputs.variables as never, inputs.batch as never, inputs.frozen);
      return { loss, gradients: gradient(loss, inputs.variables) as Tree<Tensor> };
    },
    { variables, batch: problem.batch, frozen } as never,
  );
  const counted = intermediateBytes(graph.outputs.map(([, tensor]) => tensor));
  const averages = problem.averageDecay === undefined ? 0 : one;
  const lasting = [
    { label: 'the model', bytes: heldBytes },
    { label: 'the process', bytes: calibration.fixedBytes },
    { label: 'what is trained', bytes: one },
    { label: "Adam's moments", bytes: 2 * one },
    { label: 'averages', bytes: averages },
  ];
  return [
    {
      stage: 'a training step',
      parts: [
        ...lasting,
        { label: 'gradients', bytes: one },
        { label: 'activations', bytes: calibration.backward[activations] * counted },
      ],
    },
    {
      stage: 'reading what was trained',
      parts: [...lasting, { label: 'its copy', bytes: one }],
    },
  ];
}
