import { type Shape, sizeOf } from '../arrays/index.ts';
import { concatenate, reshape, slice, type Tensor, type TensorSpec } from '../graph/index.ts';
import { matrixShape, type UpdateForm } from './update-form.ts';

/** Variables that are updated as one tensor, because each node of a step has a price of its own. */
export interface JointUpdate {
  readonly form: UpdateForm;
  /** Which learning rate they have. */
  readonly rate: number;
  readonly paths: readonly string[];
  /** Tensors of the variables' shapes, in the order of the paths, as one: [elements] or [matrices, rows, columns]. */
  readonly join: (tensors: readonly Tensor[]) => Tensor;
  readonly split: (joined: Tensor) => readonly Tensor[];
}

/** Elements of the largest variables that are joined: it takes copies of them, and saves little where they are large. */
const largestJoined: { readonly [F in UpdateForm]: number } = { elements: 2 ** 16, matrix: 2 ** 19 };

/** Groups variables that are updated alike: elements among each other, matrices with those of their size. */
export function jointUpdates(
  variables: readonly (readonly [path: string, variable: TensorSpec])[],
  formOf: (path: string, variable: TensorSpec) => UpdateForm,
  rateOf: (path: string) => number,
): readonly JointUpdate[] {
  const groups = new Map<string, (readonly [path: string, variable: TensorSpec])[]>();
  for (const [path, variable] of variables) {
    const form = formOf(path, variable);
    const size = form === 'matrix' ? matrixShape(variable.shape).join(' x ') : '';
    const own = sizeOf(variable.shape) > largestJoined[form] ? path : '';
    const key = `${rateOf(path)} ${form} ${size} ${own}`;
    groups.set(key, [...(groups.get(key) ?? []), [path, variable]]);
  }
  return [...groups.values()].map((members) => {
    const [path, variable] = members[0]!;
    const form = formOf(path, variable);
    const shapes = members.map(([, { shape }]) => shape);
    return {
      form,
      rate: rateOf(path),
      paths: members.map(([path]) => path),
      ...(form === 'matrix' ? asStack(shapes) : asElements(shapes)),
    };
  });
}

type Joining = Pick<JointUpdate, 'join' | 'split'>;

function asElements(shapes: readonly Shape[]): Joining {
  if (shapes.length === 1) return { join: ([only]) => only!, split: (joined) => [joined] };
  return {
    join: (tensors) =>
      concatenate(
        tensors.map((each) => reshape(each, [sizeOf(each.shape)])),
        0,
      ),
    split: (joined) => {
      let end = 0;
      return shapes.map((shape) => {
        const start = end;
        end += sizeOf(shape);
        return reshape(slice(joined, { axis: 0, start, end }), shape);
      });
    },
  };
}

const asStack = (shapes: readonly Shape[]): Joining => ({
  join: (tensors) =>
    concatenate(
      tensors.map((each) => reshape(each, [1, ...matrixShape(each.shape)])),
      0,
    ),
  split: (joined) =>
    shapes.map((shape, at) => reshape(slice(joined, { axis: 0, start: at, end: at + 1 }), shape)),
});
