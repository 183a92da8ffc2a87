import { closest } from "../../base/suggest.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { parseMac } from "../../wire/mac-address.ts";

/** Why a text is no value of what it was written for. */
export class Refused {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** What may stand behind a value where it is shown: `2 (reply)`, `0x012 [S.]`. */
const number = /^(0x[0-9a-f]+|\d+)(\s*[([].*)?$/i;

export function readInteger(text: string, largest: number, least = 0): number | Refused {
  const match = number.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]);
  if (value >= least && value <= largest) return value;
  return new Refused(`"${text}" is not a number from ${least} to ${largest}`);
}

export function readMac(text: string): number | Refused {
  return parseMac(text.trim()) ?? new Refused(`"${text}" is not a MAC address, such as 02:00:00:00:00:01`);
}

export function readAddress(text: string): number | Refused {
  return parseIpv4(text.trim()) ?? new Refused(`"${text}" is not an IPv4 address, such as 10.244.1.9`);
}

export function readTruth(text: string): boolean | Refused {
  const word = text.trim().toLowerCase();
  if (word === "true" || word === "1" || word === "on") return true;
  if (word === "false" || word === "0" || word === "off") return false;
  return new Refused(`"${text}" is neither true nor false`);
}

/** One of some words, in any case. */
export function readWord(text: string, words: readonly string[]): string | Refused {
  const asked = text.trim();
  const found = words.find((word) => word.toLowerCase() === asked.toLowerCase());
  if (found !== undefined) return found;
  const meant = closest(asked.toUpperCase(), words);
  return new Refused(
    `"${text}" is none of ${words.join(", ")}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  );
}
