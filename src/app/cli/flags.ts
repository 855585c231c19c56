import { Argument, type Command, Option } from 'commander';
import type { TaskName } from '../tasks/index.ts';
import { tasks } from '../tasks/index.ts';
import {
  describeParameters,
  expectation,
  type ParameterDescription,
} from '../tasks/parameters/describe-parameters.ts';
import type { NameParameter } from '../tasks/parameters/parse-parameters.ts';

/** Adds a task's flags and arguments to its command. */
export function addFlags(command: Command, task: TaskName): void {
  for (const parameter of describeParameters(tasks[task].parameters)) {
    if (parameter.hints.argument === true) {
      const more = parameter.kind === 'texts' ? '...' : '';
      command.addArgument(new Argument(`[${kebab(parameter.name)}${more}]`, helpText(parameter)));
    }
    command.addOption(optionOf(parameter));
    if (parameter.hints.off !== undefined) {
      const flag = `--no-${flagOf(parameter).slice(2)}`;
      command.addOption(new Option(flag, `The same as ${flagOf(parameter)} ${parameter.hints.off}`));
    }
  }
}

/**
 * What was typed as values of the schema's types. Where a text is no number it stays a text, which the schema refuses.
 * @throws Error if a parameter is given as an argument and by its flag
 */
export function valuesOf(
  task: TaskName,
  typedArguments: readonly (string | undefined)[],
  typedFlags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const parameters = describeParameters(tasks[task].parameters);
  const values: Record<string, unknown> = {};
  for (const parameter of parameters) {
    const typed = typedFlags[attributeOf(parameter)];
    if (typed !== undefined) {
      values[parameter.name] = typedValue(
        parameter,
        typed === false ? (parameter.hints.off ?? false) : typed,
      );
    }
  }
  const positions = parameters.filter(({ hints }) => hints.argument === true);
  for (const [position, parameter] of positions.entries()) {
    const rest = typedArguments.slice(position);
    const typed = parameter.kind !== 'texts' ? rest[0] : rest.length > 0 ? rest : undefined;
    if (typed === undefined) continue;
    if (values[parameter.name] !== undefined) {
      throw new Error(`${flagOf(parameter)}: is given twice, as an argument and by its flag; leave one out`);
    }
    values[parameter.name] = typedValue(parameter, typed);
  }
  return values;
}

/** `--guidance-scale`; of a list the name of one item. */
export const flagOf: NameParameter = ({ name, hints }) => `--${kebab(hints.item ?? name)}`;

function optionOf(parameter: ParameterDescription): Option {
  const flag = flagOf(parameter);
  const short = parameter.hints.short === undefined ? '' : `-${parameter.hints.short}, `;
  const option = new Option(flagsText(parameter, short, flag), helpText(parameter));
  if (parameter.kind === 'texts') {
    option.argParser((text: string, earlier: string[] | undefined) => [...(earlier ?? []), text]);
  }
  return option;
}

function flagsText(parameter: ParameterDescription, short: string, flag: string): string {
  if (parameter.kind !== 'switch') return `${short}${flag} <${placeholder(parameter)}>`;
  return parameter.defaultValue === true ? `--no-${flag.slice(2)}` : `${short}${flag}`;
}

/** Under which name commander keeps what was typed. */
const attributeOf = (parameter: ParameterDescription): string => parameter.hints.item ?? parameter.name;

const placeholder = ({ hints, kind }: ParameterDescription): string =>
  hints.placeholder ?? { text: 'text', texts: 'text', choice: 'name', switch: '', number: 'number' }[kind];

/** "Denoising steps (a whole number from 1 to 1000 steps; default 30)" */
function helpText(parameter: ParameterDescription): string {
  const { hints, defaultValue, description } = parameter;
  const facts: string[] = [];
  if (parameter.kind === 'choice') facts.push(expectation(parameter));
  if (parameter.kind === 'number')
    facts.push(`${expectation(parameter)}${hints.unit === undefined ? '' : ` ${hints.unit}`}`);
  if (parameter.kind === 'texts') facts.push('may be repeated');
  const shown = hints.defaultText ?? shownDefault(parameter, defaultValue);
  if (shown !== undefined) facts.push(`default ${shown}`);
  const text =
    parameter.kind === 'switch' && defaultValue === true
      ? `Leave out: ${lowerFirst(description)}`
      : description;
  return facts.length === 0 ? text : `${text} (${facts.join('; ')})`;
}

const shownDefault = ({ kind }: ParameterDescription, value: unknown): string | undefined =>
  value === undefined || kind === 'switch' || kind === 'texts' || value === '' ? undefined : String(value);

function typedValue({ kind }: ParameterDescription, typed: unknown): unknown {
  if (kind !== 'number' || typeof typed !== 'string') return typed;
  const number = Number(typed);
  return typed.trim() === '' || Number.isNaN(number) ? typed : number;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
