import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { matchExtensions } from "./match-options.ts";
import { protocolNumber } from "./names.ts";
import { type Extension, GivenOptions, type OptionForm, present, type RuleProtocol } from "./options.ts";
import type { Inverted, Match, Rule, RuleCounters, Target } from "./rule-set.ts";
import { targetExtensions } from "./target-options.ts";
import { impliedMatches } from "./transport-options.ts";
import { readHost, readInterface } from "./values.ts";
import { BadRule, type RuleWord } from "./words.ts";

/**
 * Reads what follows `-A CHAIN`: options in any order. Several addresses after `-s` or `-d` make several rules.
 *
 * @throws BadRule at the word that iptables would refuse.
 */
export function parseRuleWords(words: readonly RuleWord[], line: number): readonly Rule[] {
  const reader = new RuleReader(words);
  reader.readAll();
  return reader.rules(line);
}

type Head = "-p" | "-s" | "-d" | "-i" | "-o" | "-f" | "-m" | "-j" | "-g" | "-c";

const heads: Readonly<Record<string, Head>> = {
  ...{ "-p": "-p", "--protocol": "-p", "--proto": "-p", "-s": "-s", "--source": "-s", "--src": "-s" },
  ...{ "-d": "-d", "--destination": "-d", "--dst": "-d", "-i": "-i", "--in-interface": "-i" },
  ...{ "-o": "-o", "--out-interface": "-o", "-f": "-f", "--fragment": "-f", "-m": "-m", "--match": "-m" },
  ...{ "-j": "-j", "--jump": "-j", "-g": "-g", "--goto": "-g", "-c": "-c", "--set-counters": "-c" },
};

interface Loaded<Value> {
  readonly extension: Extension<Value>;
  readonly given: GivenOptions;
  readonly implied: boolean;
}

class RuleReader {
  readonly #words: readonly RuleWord[];
  readonly #seen = new Set<Head>();
  readonly #matches: Loaded<Match>[] = [];
  #next = 0;
  #protocol: RuleProtocol = { number: 0, inverted: false };
  #sources: readonly Ipv4Prefix[] = [];
  #destinations: readonly Ipv4Prefix[] = [];
  readonly #inverted = new Set<Head>();
  #in: string | undefined;
  #out: string | undefined;
  #target: Loaded<Target> | undefined;
  #chainTarget: Target | undefined;
  #counters: RuleCounters = { packets: 0, bytes: 0 };

  constructor(words: readonly RuleWord[]) {
    this.#words = words;
  }

  readAll(): void {
    while (this.#next < this.#words.length) {
      const bang = this.#words[this.#next].text === "!" ? this.#words[this.#next++] : undefined;
      const word = this.#words[this.#next++];
      if (word === undefined) throw new BadRule('After "!" comes an option.', bang);
      const head = Object.hasOwn(heads, word.text) && !word.quoted ? heads[word.text] : undefined;
      if (head !== undefined) this.#readHead(head, word, bang !== undefined);
      else this.#readOption(word, bang !== undefined);
    }
  }

  rules(line: number): readonly Rule[] {
    const protocol = this.#protocol;
    const matches = this.#matches.map(({ extension, given }) => extension.build(given, protocol));
    const target = this.#chainTarget ?? this.#target?.extension.build(this.#target.given, protocol);
    const several = this.#sources.length > 1 || this.#destinations.length > 1;
    if (several && (this.#inverted.has("-s") || this.#inverted.has("-d")))
      throw new BadRule('"!" cannot stand with several addresses.');
    const rule: Omit<Rule, "source" | "destination"> = present({
      protocol: protocol.number === 0 ? undefined : { value: protocol.number, inverted: protocol.inverted },
      inInterface: this.#invertible("-i", this.#in),
      outInterface: this.#invertible("-o", this.#out),
      fragment: this.#invertible("-f", this.#seen.has("-f") ? true : undefined),
      matches,
      target,
      counters: this.#counters,
      line,
    });
    const any = [undefined];
    return (this.#sources.length === 0 ? any : this.#sources).flatMap((source) =>
      (this.#destinations.length === 0 ? any : this.#destinations).map((destination) =>
        present({ source: this.#host("-s", source), destination: this.#host("-d", destination), ...rule }),
      ),
    );
  }

  #invertible<Value>(head: Head, value: Value | undefined): Inverted<Value> | undefined {
    return value === undefined ? undefined : { value, inverted: this.#inverted.has(head) };
  }

  /** Every address is no condition. */
  #host(head: Head, value: Ipv4Prefix | undefined): Inverted<Ipv4Prefix> | undefined {
    return value?.length === 0 ? undefined : this.#invertible(head, value);
  }

  #readHead(head: Head, word: RuleWord, inverted: boolean): void {
    if (head === "-m") return this.#readMatch(inverted);
    const once = head === "-g" ? "-j" : head;
    if (this.#seen.has(once)) throw new BadRule(`"${word.text}" is written twice.`, word);
    this.#seen.add(once);
    if (inverted && (once === "-j" || head === "-c")) throw new BadRule(`"!" cannot stand before ${word.text}.`, word);
    if (inverted) this.#inverted.add(head);
    switch (head) {
      case "-p":
        return this.#readProtocol(inverted);
      case "-s":
        this.#sources = this.#readHosts("-s");
        return;
      case "-d":
        this.#destinations = this.#readHosts("-d");
        return;
      case "-i":
        this.#in = this.#readDevice("-i");
        return;
      case "-o":
        this.#out = this.#readDevice("-o");
        return;
      case "-f":
        return;
      case "-c":
        this.#counters = { packets: this.#readCount(), bytes: this.#readCount() };
        return;
      case "-g":
        this.#chainTarget = { target: "goto", chain: this.#take("A chain").text };
        return;
      case "-j":
        return this.#readTarget();
    }
  }

  #take(what: string): RuleWord {
    const word = this.#words[this.#next++];
    if (word !== undefined) {
      if (word.text === "!" && !word.quoted) throw new BadRule('"!" stands before the option: ! -s 10.0.0.1.', word);
      return word;
    }
    throw new BadRule(`${what} is missing here.`, this.#words.at(-1));
  }

  #readProtocol(inverted: boolean): void {
    const word = this.#take("A protocol");
    const number = protocolNumber(word.text);
    if (number === undefined) throw new BadRule(`"${word.text}" is not a protocol, such as tcp or 6.`, word);
    if (number === 0 && inverted) throw new BadRule("No packet would ever match: all protocols, inverted.", word);
    this.#protocol = { number, inverted };
  }

  #readHosts(head: Head): readonly Ipv4Prefix[] {
    const word = this.#take("An address");
    return word.text.split(",").map((text) => {
      const host = readHost(text);
      if (host === undefined)
        throw new BadRule(`"${text}" is not an address, such as 10.0.0.1, 10.0.0.0/8 or 10.0.0.0/255.0.0.0.`, word);
      if (host.length === 0 && this.#inverted.has(head))
        throw new BadRule("No packet would ever match: all addresses, inverted.", word);
      return host;
    });
  }

  /** A `+` alone is every device, which is no condition. */
  #readDevice(head: Head): string | undefined {
    const word = this.#take("A device");
    const name = readInterface(word.text);
    if (name === undefined)
      throw new BadRule(`"${word.text}" is not a device's name, which has 15 characters at most.`, word);
    if (name === "+" && this.#inverted.has(head))
      throw new BadRule("No packet would ever match: all devices, inverted.", word);
    return name === "+" ? undefined : name;
  }

  #readCount(): number {
    const word = this.#take("A counter");
    if (!/^\d{1,15}$/.test(word.text)) throw new BadRule(`"${word.text}" is not a number of packets or bytes.`, word);
    return Number(word.text);
  }

  #readMatch(inverted: boolean): void {
    const word = this.#take("A match");
    if (inverted) throw new BadRule('"!" stands before an option of the match, not before -m.', word);
    const extension = Object.hasOwn(matchExtensions, word.text) ? matchExtensions[word.text] : undefined;
    if (extension === undefined) throw new BadRule(`The match "${word.text}" is not supported.`, word);
    // `-p tcp --dport 80 -m tcp`: it is loaded already.
    if (this.#matches.some(({ given, implied }) => implied && given.name === word.text)) return;
    this.#matches.push({ extension, given: new GivenOptions(word.text, word), implied: false });
  }

  #readTarget(): void {
    const word = this.#take("A target");
    const extension = Object.hasOwn(targetExtensions, word.text) ? targetExtensions[word.text] : undefined;
    if (extension !== undefined) this.#target = { extension, given: new GivenOptions(word.text, word), implied: false };
    else if (unsupportedTargets.has(word.text)) throw new BadRule(`The target ${word.text} is not supported.`, word);
    else this.#chainTarget = { target: "jump", chain: word.text };
  }

  #readOption(word: RuleWord, inverted: boolean): void {
    if (!word.text.startsWith("--") || word.quoted) throw new BadRule(`"${word.text}" does not belong here.`, word);
    const found = this.#find(word.text) ?? this.#implied(word);
    if (found === undefined) throw new BadRule(this.#unknown(word.text), word);
    const { given, name, form } = found;
    const values = Array.from({ length: form.words ?? 1 }, () => this.#take(`What follows ${word.text}`));
    given.add(name, { word, values, inverted }, form);
  }

  /** The option of the match that was named last and has it, or of the target. Names may be cut where they stay unique. */
  #find(text: string): Found | undefined {
    for (const loaded of [...(this.#target ? [this.#target] : []), ...this.#matches.toReversed()]) {
      const option = optionOf(loaded.extension.options, text);
      if (option !== undefined) return { given: loaded.given, ...option };
    }
    return undefined;
  }

  #implied(word: RuleWord): Found | undefined {
    const name = impliedMatches[this.#protocol.number];
    if (name === undefined || optionOf(matchExtensions[name].options, word.text) === undefined) return undefined;
    const given = new GivenOptions(name, word);
    this.#matches.push({ extension: matchExtensions[name], given, implied: true });
    return this.#find(word.text);
  }

  #unknown(text: string): string {
    const name = Object.keys(matchExtensions).find((one) => optionOf(matchExtensions[one].options, text) !== undefined);
    const protocolOf = Object.values(impliedMatches).filter((one) => optionOf(matchExtensions[one].options, text));
    if (protocolOf.length > 0) return `${text} needs -p ${protocolOf.join(" or ")} before it.`;
    const target = Object.keys(targetExtensions).find((one) => optionOf(targetExtensions[one].options, text));
    if (name !== undefined) return `${text} is an option of ${name}: write -m ${name} before it.`;
    if (target !== undefined) return `${text} is an option of ${target}: write -j ${target} before it.`;
    return `"${text}" is not an option that is known here.`;
  }
}

interface Found {
  readonly given: GivenOptions;
  readonly name: string;
  readonly form: OptionForm;
}

function optionOf(
  options: Readonly<Record<string, OptionForm>>,
  text: string,
): { readonly name: string; readonly form: OptionForm } | undefined {
  const begun = Object.keys(options).filter((name) => name.startsWith(text) && text.length > 3);
  const name = Object.hasOwn(options, text) ? text : begun.length === 1 ? begun[0] : undefined;
  return name === undefined ? undefined : { name: options[name].is ?? name, form: options[name] };
}

/** Targets that Linux has and the simulated kernel has not (iptables-extensions(8)). */
const unsupportedTargets: ReadonlySet<string> = new Set(
  `AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNSECMARK DNPT DSCP ECN HL HMARK IDLETIMER LED NETMAP NFLOG NFQUEUE QUEUE RATEEST
  SECMARK SET SNPT SYNPROXY TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE TTL ULOG`.split(/\s+/),
);
