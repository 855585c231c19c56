import { Command, CommanderError } from 'commander';
import { version } from '../package-facts.ts';
import { type TaskName, taskNames, tasks } from '../tasks/index.ts';
import { addFlags, valuesOf } from './flags.ts';
import { type CommonFlags, runCommand } from './run-command.ts';

/** Wrong use of the command line, as opposed to a task that fails. */
const USAGE_ERROR = 2;

/**
 * The command `dreamsteerer`.
 * @param typed without the program: `process.argv.slice(2)`
 * @returns the exit code: 0, 1 for a task that fails, 2 for what is no command, 130 for Ctrl-C
 */
export async function main(typed: readonly string[]): Promise<number> {
  // Whoever reads our output may have seen enough: `dreamsteerer inspect … | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  let exitCode = 0;
  const program = new Command('dreamsteerer')
    .description('Edit pictures with a subject of your own, learned into a Stable-Diffusion-class model.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .enablePositionalOptions() // inherited: flags behind a command's name are that command's, not its parent's
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'dreamsteerer: ')) })
    .addHelpText('after', overview());
  for (const name of taskNames) {
    addTask(program, name, async (given, flags) => {
      exitCode = await runCommand(name, given, flags);
    });
  }
  try {
    if (typed.length === 0) program.outputHelp();
    else await program.parseAsync(typed, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE_ERROR; // commander has printed what is wrong
  }
}

type Action = (given: () => Readonly<Record<string, unknown>>, flags: CommonFlags) => Promise<void>;

function addTask(program: Command, name: TaskName, action: Action): void {
  const { summary, examples } = tasks[name];
  const [first, second] = name.split(' ') as [string, string?];
  const parent = second === undefined ? program : program.commands.find((each) => each.name() === first)!;
  const command = parent
    .command(second ?? first)
    .summary(summary)
    .description(`${summary}.`)
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ sortOptions: false });
  addFlags(command, name);
  command
    .option('--json', 'print events and the result as lines of JSON on stdout, and nothing else')
    .option('--verbose', 'print where an error comes from')
    .addHelpText('after', exampleText(name, examples))
    .allowExcessArguments() // refused below, in words that say what to do
    .action(async () => {
      if (second !== undefined) refuseFlagsBefore(second, parent);
      refuseSurplus(name, command);
      const flags = command.opts<CommonFlags & Record<string, unknown>>();
      await action(() => valuesOf(name, command.args, typedOf(command, flags)), flags);
    });
}

/** Flags before the name of a command below are its parent's, which does not run: they would be lost. */
function refuseFlagsBefore(name: string, parent: Command): void {
  const lost = parent.options.find((option) => parent.getOptionValueSource(option.attributeName()) === 'cli');
  if (lost === undefined) return;
  const flag = lost.long ?? lost.flags;
  parent.error(
    `error: ${flag} stands before "${name}", where it is a flag of "${parent.name()}"; write it behind "${name}"`,
  );
}

/** `generate a cat` is two arguments. */
function refuseSurplus(name: TaskName, command: Command): void {
  const { args, registeredArguments: expected } = command;
  const { length } = expected;
  if (args.length <= length || expected.at(-1)?.variadic) return;
  const found = args.map((text) => JSON.stringify(text)).join(', ');
  const names = length === 0 ? '' : ` (${expected.map((each) => each.name()).join(', ')})`;
  const quoting =
    name === 'generate'
      ? `a prompt of several words is written in quotes: ${JSON.stringify(args.join(' '))}`
      : 'values with spaces are written in quotes';
  const advice = length === 0 ? '' : `; ${quoting}`;
  command.error(
    `error: "${name}" expects at most ${length} argument${length === 1 ? '' : 's'}${names}, got ${found}${advice}`,
  );
}

/** What was typed: a switch that is on by default has a value without being typed. */
const typedOf = (command: Command, flags: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) !== 'default'),
  );

const exampleText = (name: TaskName, examples: readonly (readonly [string, string])[]): string =>
  `\nExamples:\n${examples
    .map(([commandLine, does]) => `${`  dreamsteerer ${name} ${commandLine}`.trimEnd()}\n      ${does}`)
    .join('\n')}`;

const overview = (): string => `
Examples:
  dreamsteerer doctor
      what this machine offers
  dreamsteerer generate "a cat in a garden" --seed 1
      a picture from a prompt
  dreamsteerer inspect cat.png
      what a picture or a checkpoint contains

"dreamsteerer <command> --help" tells all about a command.
Models of the hub are kept in the cache of Python's tools; HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT and
HF_HUB_OFFLINE are honoured.`;
