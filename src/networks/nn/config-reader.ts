/** Smallest and largest value that an option may have. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** A value that an option takes when config.json leaves it out. */
export interface Default<T> {
  readonly default: T;
}

/**
 * Reads the options of a network's config.json. Every option is computed with exactly or refused with a sentence
 * that names it: what nobody asked for by the time of `finish` is an option that this library does not know.
 */
export class ConfigReader {
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly known = new Set<string>();

  /** @param name what messages begin with, such as `unet config` */
  constructor(
    private readonly name: string,
    json: unknown,
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new Error(`${name}: expected an object of options, got ${show(json)}`);
    }
    this.values = json as Readonly<Record<string, unknown>>;
  }

  /** Whether the option is left out or null. */
  isEmpty(option: string): boolean {
    return (this.value(option) ?? null) === null;
  }

  /** The option as it stands; undefined if it is left out. */
  value(option: string): unknown {
    this.known.add(option);
    return Object.hasOwn(this.values, option) ? this.values[option] : undefined;
  }

  wholeNumber(option: string, bounds: Bounds & Partial<Default<number>>): number {
    return this.checkWholeNumber(option, this.value(option) ?? bounds.default, bounds);
  }

  /** A whole number or, where the option is null or left out, undefined. */
  optionalWholeNumber(option: string, bounds: Bounds): number | undefined {
    return this.isEmpty(option) ? undefined : this.wholeNumber(option, bounds);
  }

  /** `count` whole numbers, from a list or from one number for all. */
  wholeNumbers(
    option: string,
    count: number,
    bounds: Bounds & Partial<Default<number | readonly number[]>>,
  ): readonly number[] {
    const value = this.value(option) ?? bounds.default;
    const list = Array.isArray(value) ? value : new Array<unknown>(count).fill(value);
    if (list.length !== count) this.refuse(option, `one number or ${count}, one a block`);
    return list.map((item) => this.checkWholeNumber(option, item, bounds));
  }

  number(option: string, { least, most, default: missing }: Bounds & Partial<Default<number>>): number {
    const value = this.value(option) ?? missing;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    return this.refuse(option, `a number from ${least} to ${most}`);
  }

  /** `count` flags, from a list or from one for all. */
  flags(option: string, count: number, missing: boolean): readonly boolean[] {
    const value = this.value(option) ?? missing;
    const list: unknown[] = Array.isArray(value) ? value : new Array<unknown>(count).fill(value);
    if (list.length === count && list.every((item) => typeof item === 'boolean')) return list;
    return this.refuse(option, `true or false, or a list of ${count}`);
  }

  flag(option: string, missing: boolean): boolean {
    const value = this.value(option) ?? missing;
    return typeof value === 'boolean' ? value : this.refuse(option, 'true or false');
  }

  choice<T extends string>(option: string, choices: readonly T[], missing?: NoInfer<T>): T {
    const value = this.value(option) ?? missing;
    const found = choices.find((choice) => choice === value);
    return found ?? this.refuse(option, choices.map((choice) => `"${choice}"`).join(' or '));
  }

  /** A list with one of the choices in each place. */
  choices<T extends string>(
    option: string,
    choices: readonly T[],
    missing: readonly NoInfer<T>[],
  ): readonly T[] {
    const value = this.value(option) ?? missing;
    const isChoice = (item: unknown): item is T => choices.some((choice) => choice === item);
    if (Array.isArray(value) && value.length > 0 && value.every(isChoice)) return value;
    return this.refuse(option, `a list of ${choices.map((choice) => `"${choice}"`).join(' or ')}`);
  }

  /** An option of the original that is supported with its usual value only. Left out or null is usual too. */
  only(option: string, usual: unknown): void {
    const value = this.value(option) ?? usual;
    if (value !== usual) this.refuse(option, `${show(usual)}, anything else is not supported`);
  }

  /**
   * Refuses options that were not asked for, unless they are null, false, or a note (`_class_name`).
   * @param harmless options that change nothing here
   */
  finish(harmless: readonly string[] = []): void {
    for (const [option, value] of Object.entries(this.values)) {
      if (option.startsWith('_') || this.known.has(option) || harmless.includes(option)) continue;
      if (value === null || value === false) continue;
      throw new Error(
        `${this.name}: the option "${option}" (${show(value)}) is not known; it is not ignored`,
      );
    }
  }

  /** @throws a sentence: what the option must be, and what it is */
  refuse(option: string, expected: string): never {
    throw new Error(`${this.name}: "${option}" must be ${expected}; it is ${show(this.values[option])}`);
  }

  private checkWholeNumber(option: string, value: unknown, { least, most }: Bounds): number {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    return this.refuse(option, `a whole number from ${least} to ${most}`);
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'left out';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
