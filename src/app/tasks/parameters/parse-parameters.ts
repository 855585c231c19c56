import type { z } from 'zod';
import { nearestName } from '../../../networks/nn/index.ts';
import { ParameterError, TaskError } from '../task.ts';
import { describeParameters, expectation, type ParameterDescription } from './describe-parameters.ts';

/** How a face calls a parameter in messages: `--guidance-scale` or `guidanceScale`. */
export type NameParameter = (parameter: Pick<ParameterDescription, 'name' | 'hints' | 'kind'>) => string;

/**
 * What was given, checked, with defaults for the rest.
 * @throws ParameterError, one sentence about the first thing that is wrong, or TaskError for what is no parameter
 */
export function parseParameters<Schema extends z.ZodObject>(
  schema: Schema,
  given: Readonly<Record<string, unknown>>,
): z.output<Schema> {
  const parameters = describeParameters(schema);
  refuseUnknown(parameters, given);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const parameter = parameters.find(({ name }) => name === issue!.path[0]);
  if (parameter === undefined) throw new TaskError(issue!.message);
  const value = given[parameter.name];
  const found = value === undefined ? 'nothing' : JSON.stringify(value);
  // A check of the task's own has a sentence of its own.
  const wrong =
    issue!.code === 'custom' ? issue!.message : `expected ${expectation(parameter)}, got ${found}`;
  throw new ParameterError(parameter.name, `${wrong}${suggestion(parameter, value)}`);
}

function refuseUnknown(
  parameters: readonly ParameterDescription[],
  given: Readonly<Record<string, unknown>>,
): void {
  const names = parameters.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TaskError(
    `there is no parameter "${unknown}"; the nearest is "${nearestName(unknown, names)}", there are ${names.join(', ')}`,
  );
}

function suggestion(parameter: ParameterDescription, value: unknown): string {
  if (parameter.kind !== 'choice' || typeof value !== 'string' || value === '') return '';
  const nearest = nearestName(value, parameter.choices);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
