import { z } from 'zod';
import type { ParameterHints } from '../task.ts';

/** A parameter as flags, help and forms need it. */
export type ParameterDescription = {
  /** As in code and JSON: `guidanceScale`. */
  readonly name: string;
  readonly description: string;
  readonly presence: 'required' | 'optional';
  /** The value that is taken where none is given, if it is a constant. */
  readonly defaultValue: unknown;
  readonly hints: ParameterHints;
} & ParameterValues;

/** What values it has. */
export type ParameterValues =
  | { readonly kind: 'text'; readonly empty: 'allowed' | 'refused' }
  | { readonly kind: 'texts' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'switch' }
  | {
      readonly kind: 'number';
      readonly whole: boolean;
      readonly minimum: number;
      readonly maximum: number;
      readonly multipleOf: number | undefined;
    };

/**
 * The parameters of a schema in its order.
 * @throws for a kind of value that no flag or field is known for: tell of it in `valuesOf`
 */
export function describeParameters(schema: z.ZodObject): readonly ParameterDescription[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    description: property.description ?? '',
    presence: required.includes(name) ? 'required' : 'optional',
    defaultValue: property.default,
    hints: property,
    ...valuesOf(name, property),
  }));
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
}

/** JSON Schema of the values there are; `meta` puts its hints in the same object. */
interface PropertySchema extends ParameterHints {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly type?: string };
  readonly description?: string;
  readonly default?: unknown;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
}

function valuesOf(name: string, schema: PropertySchema): ParameterValues {
  const { type, enum: choices, minimum, maximum } = schema;
  if (choices !== undefined) return { kind: 'choice', choices };
  if (type === 'boolean') return { kind: 'switch' };
  if (type === 'array' && schema.items?.type === 'string') return { kind: 'texts' };
  if (type === 'string') return { kind: 'text', empty: (schema.minLength ?? 0) > 0 ? 'refused' : 'allowed' };
  if ((type === 'number' || type === 'integer') && minimum !== undefined && maximum !== undefined) {
    const { multipleOf } = schema;
    return { kind: 'number', whole: type === 'integer', minimum, maximum, multipleOf };
  }
  throw new Error(
    `describeParameters: "${name}" is no text, list of texts, choice, switch or bounded number`,
  );
}

/** What a value has to be: "a whole number from 1 to 1000". */
export function expectation(parameter: ParameterValues): string {
  switch (parameter.kind) {
    case 'text':
      return parameter.empty === 'refused' ? 'a text that is not empty' : 'a text';
    case 'texts':
      return 'texts that are not empty';
    case 'choice':
      return `one of ${parameter.choices.join(', ')}`;
    case 'switch':
      return 'true or false';
    case 'number': {
      const { whole, multipleOf, minimum, maximum } = parameter;
      const what =
        multipleOf !== undefined ? `a multiple of ${multipleOf}` : whole ? 'a whole number' : 'a number';
      return `${what} from ${minimum} to ${maximum}`;
    }
  }
}
