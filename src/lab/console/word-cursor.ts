import type { CommandWord } from "../../config/command-words.ts";
import { parseIpv4, parsePrefix } from "../../wire/address-text.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../wire/ipv4-address.ts";
import { Complaint } from "./command.ts";

/** Reads a command's words one after the other. */
export class WordCursor {
  private readonly words: readonly CommandWord[];
  private at = 0;

  constructor(words: readonly CommandWord[]) {
    this.words = words;
  }

  get done(): boolean {
    return this.at >= this.words.length;
  }

  peek(): string | undefined {
    return this.words[this.at]?.text;
  }

  /** The next word; complains that `what` is missing where there is none. */
  take(what: string): string {
    if (this.done) throw new Complaint(`Command line is not complete: ${what} is missing.`);
    return this.words[this.at++].text;
  }

  takeIf(...words: readonly string[]): boolean {
    if (!words.includes(this.peek() ?? "")) return false;
    this.at++;
    return true;
  }

  address(): Ipv4Address {
    const word = this.take("an address");
    const address = parseIpv4(word);
    if (address === undefined) throw new Complaint(`Error: any valid address is expected rather than "${word}".`);
    return address;
  }

  /** `default`, `10.0.0.0/8`, or an address as a block of its own. */
  prefix(): Ipv4Prefix {
    const word = this.take("an address or a block");
    if (word === "default" || word === "all" || word === "any") return { address: 0, length: 0 };
    const bare = parseIpv4(word);
    const prefix = bare === undefined ? parsePrefix(word) : { address: bare, length: 32 };
    if (prefix === undefined) throw new Complaint(`Error: any valid prefix is expected rather than "${word}".`);
    return prefix;
  }

  /** Complains about a word that nobody took. */
  end(usage: string): void {
    if (!this.done) throw new Complaint(`"${this.peek()}" does not belong here: ${usage}`);
  }
}
