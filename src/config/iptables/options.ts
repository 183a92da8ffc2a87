import { BadRule, type RuleWord } from "./words.ts";

/** How an option of a match or target is written. */
export interface OptionForm {
  /** The name that it is known by, where this is another way to write it. */
  readonly is?: string;
  /** How many words follow it; 1 unless told. */
  readonly words?: 0 | 1 | 2;
  /** May stand after `!`. */
  readonly invertible?: boolean;
}

/** What a match or a target is called, and how its options become a value. */
export interface Extension<Value> {
  readonly options: Readonly<Record<string, OptionForm>>;
  build(given: GivenOptions, protocol: RuleProtocol): Value;
}

/** What a rule says of `-p`; several extensions need it. */
export interface RuleProtocol {
  readonly number: number;
  readonly inverted: boolean;
}

interface GivenOption {
  readonly word: RuleWord;
  readonly values: readonly RuleWord[];
  readonly inverted: boolean;
}

/** The options that were written for one match or target. */
export class GivenOptions {
  readonly name: string;
  readonly #word: RuleWord;
  readonly #options = new Map<string, GivenOption>();

  constructor(name: string, word: RuleWord) {
    this.name = name;
    this.#word = word;
  }

  add(option: string, given: GivenOption, form: OptionForm): void {
    if (given.inverted && form.invertible !== true)
      throw new BadRule(`"${given.word.text}" cannot be inverted with "!".`, given.word);
    if (this.#options.has(option)) throw new BadRule(`"${given.word.text}" is written twice.`, given.word);
    this.#options.set(option, given);
  }

  has(option: string): boolean {
    return this.#options.has(option);
  }

  inverted(option: string): boolean {
    return this.#options.get(option)?.inverted ?? false;
  }

  /** The words after an option, the first of them unless told. */
  text(option: string, index = 0): string | undefined {
    return this.#options.get(option)?.values[index].text;
  }

  required(option: string): string {
    return this.text(option) ?? this.fail(`${this.name} needs ${option}.`);
  }

  /** Those of these options that were written. */
  which<Name extends string>(options: readonly Name[]): readonly Name[] {
    return options.filter((option) => this.has(option));
  }

  /** Exactly one of these. */
  one<Name extends string>(options: readonly Name[]): Name {
    const [first, second] = this.which(options);
    if (first === undefined) this.fail(`${this.name} needs one of ${options.join(", ")}.`);
    if (second !== undefined) this.fail(`${first} and ${second} exclude each other.`, second);
    return first;
  }

  /** Reads an option's word; undefined from the reader is a problem at that word. */
  read<Value>(option: string, what: string, reader: (text: string) => Value | undefined): Value | undefined {
    const text = this.text(option);
    return text === undefined ? undefined : (reader(text) ?? this.fail(`"${text}" is not ${what}.`, option));
  }

  /** The same with its inversion. */
  readInverted<Value>(
    option: string,
    what: string,
    reader: (text: string) => Value | undefined,
  ): { readonly value: Value; readonly inverted: boolean } | undefined {
    const value = this.read(option, what, reader);
    return value === undefined ? undefined : { value, inverted: this.inverted(option) };
  }

  /** At an option's first word, or at the match or target itself. */
  fail(message: string, option?: string): never {
    const given = option === undefined ? undefined : this.#options.get(option);
    throw new BadRule(message, given?.values[0] ?? given?.word ?? this.#word);
  }
}

/** Leaves out what is undefined, so that two rules that say the same are equal. */
export function present<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Value;
}
