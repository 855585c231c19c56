import { add, divide, multiply, sqrt, subtract, type Tensor, type TensorSpec } from '../graph/index.ts';
import type { UpdateForm } from './update-form.ts';

/** An optimizer's moments start at zero and have their variable's shape; its scalars are computed on the host in float64. */
export interface Optimizer {
  readonly moments: readonly string[];
  readonly scalars: readonly string[];
  /** @param step counted from 1 */
  readonly scalarsAt: (step: number, learningRate: number) => Readonly<Record<string, number>>;
  /** What a variable is taken for. */
  readonly formOf: (path: string, variable: TensorSpec) => UpdateForm;
  /**
   * The next values of variables that are taken for the same: of elements a tensor of any shape, of matrices a stack
   * [matrices, rows, columns]. A moment that it gives back as it was is not written.
   */
  readonly update: (
    variable: Tensor,
    gradient: Tensor,
    moments: Readonly<Record<string, Tensor>>,
    scalars: Readonly<Record<string, Tensor>>,
    form: UpdateForm,
  ) => { readonly variable: Tensor; readonly moments: Readonly<Record<string, Tensor>> };
}

export interface AdamWOptions {
  /** Decay of the mean of the gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon?: number;
  /** Share of the variable taken away per unit of learning rate. Default 0.01. */
  readonly weightDecay?: number;
}

/** Adam with decoupled weight decay (Loshchilov, Hutter 2017, arXiv 1711.05101, algorithm 2). */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = options;
  checkShare('adamW', 'beta1', beta1);
  checkShare('adamW', 'beta2', beta2);
  checkNumber('adamW', 'epsilon', epsilon);
  checkNumber('adamW', 'weightDecay', weightDecay);
  return {
    moments: ['m', 'v'],
    scalars: ['keep', 'stepSize', 'correction'],
    scalarsAt: (step, learningRate) => ({
      keep: 1 - learningRate * weightDecay,
      stepSize: learningRate / (1 - beta1 ** step),
      correction: 1 / Math.sqrt(1 - beta2 ** step),
    }),
    formOf: () => 'elements',
    update: (variable, gradient, { m, v }, { keep, stepSize, correction }) => {
      const mean = add(multiply(m!, beta1), multiply(gradient, 1 - beta1));
      const square = add(multiply(v!, beta2), multiply(multiply(gradient, gradient), 1 - beta2));
      // θ ← θ (1 − γλ) − γ m̂ / (√v̂ + ε)
      const direction = divide(mean, add(multiply(sqrt(square), correction!), epsilon));
      const next = subtract(multiply(variable, keep!), multiply(direction, stepSize!));
      return { variable: next, moments: { m: mean, v: square } };
    },
  };
}

export interface SgdOptions {
  /** Share of the velocity that stays. Default 0. */
  readonly momentum?: number;
  /** Factor of the variable that is added to its gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Gradient descent with momentum: u ← μ u + g, θ ← θ − γ u, as PyTorch writes it. */
export function sgd({ momentum = 0, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  checkShare('sgd', 'momentum', momentum);
  checkNumber('sgd', 'weightDecay', weightDecay);
  return {
    moments: momentum === 0 ? [] : ['velocity'],
    scalars: ['learningRate'],
    scalarsAt: (_, learningRate) => ({ learningRate }),
    formOf: () => 'elements',
    update: (variable, gradient, { velocity }, { learningRate }) => {
      const decayed = weightDecay === 0 ? gradient : add(gradient, multiply(variable, weightDecay));
      const direction = velocity === undefined ? decayed : add(multiply(velocity, momentum), decayed);
      return {
        variable: subtract(variable, multiply(direction, learningRate!)),
        moments: velocity === undefined ? {} : { velocity: direction },
      };
    },
  };
}

function checkShare(where: string, name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new Error(`${where}: ${name} lies in [0, 1), got ${value}`);
}

function checkNumber(where: string, name: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new Error(`${where}: ${name} is a finite number ≥ 0, got ${value}`);
  }
}
