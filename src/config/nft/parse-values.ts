import { parseIpv4, parsePrefix } from "../../wire/address-text.ts";
import { broadcastAddress, networkAddress } from "../../wire/ipv4-address.ts";
import { type DataType, type Part, type Range, typeTraits } from "./data-types.ts";
import { BadNft, type Token } from "./tokens.ts";

/** Reads one value of a type: an address, a prefix, a range, a number, a name. */
export function readPart(type: DataType, token: Token): Part {
  if (type === "ifname") return readDeviceName(token);
  if (token.kind !== "word") throw new BadNft(`"${token.text}" is not ${article(type)}.`, token);
  if (type === "ipv4_addr") return readAddress(token);
  const { text } = token;
  const name = readNumber(type, text);
  if (name !== undefined) return name;
  const [first, last, more] = text.split("-").map((word) => readNumber(type, word));
  if (first === undefined || last === undefined || more !== undefined)
    throw new BadNft(`"${text}" is not ${article(type)}.${hint(type)}`, token);
  return orderedRange({ first, last }, token);
}

/** `established,related`, read up to its end by the caller: the bits of these names. */
export function readBits(type: DataType, tokens: readonly Token[]): number {
  return tokens.reduce((bits, token) => {
    const bit = readNumber(type, token.text);
    if (bit === undefined) throw new BadNft(`"${token.text}" is not ${article(type)}.${hint(type)}`, token);
    return bits | bit;
  }, 0);
}

/** `1h2m3s`, or seconds. */
export function readTimeMs(token: Token): number {
  const found = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(token.text);
  if (/^\d+$/.test(token.text)) return Number(token.text) * 1000;
  if (found === null || token.text === "") throw new BadNft(`"${token.text}" is not a time, such as 3h or 90s.`, token);
  const [days, hours, minutes, seconds, milliseconds] = found.slice(1).map((digits) => Number(digits ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
}

/** As nft prints a time. */
export function printTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
    [ms % 1000, "ms"],
  ] as const;
  const text = parts.map(([amount, unit]) => (amount === 0 ? "" : `${amount}${unit}`)).join("");
  return text === "" ? "0s" : text;
}

export function article(type: DataType): string {
  switch (type) {
    case "ipv4_addr":
      return "an IPv4 address";
    case "inet_service":
      return "a port";
    case "inet_proto":
      return "a protocol";
    case "ifname":
      return "a device's name";
    default:
      return `of type ${type}`;
  }
}

function hint(type: DataType): string {
  const { names } = typeTraits[type];
  if (type === "inet_service") return " Ports are numbers here, from 0 to 65535.";
  return names === undefined ? "" : ` There are ${Object.keys(names).join(", ")}.`;
}

function readNumber(type: DataType, text: string): number | undefined {
  const { names, largest } = typeTraits[type];
  if (names !== undefined && Object.hasOwn(names, text)) return names[text];
  if (!/^(\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(text)) return undefined;
  const number = Number(text);
  return number <= largest ? number : undefined;
}

function readAddress(token: Token): Part {
  const { text } = token;
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  const prefix = parsePrefix(text);
  if (prefix?.length === 32) return prefix.address;
  if (prefix !== undefined)
    return { first: networkAddress(prefix), last: broadcastAddress(prefix), prefixLength: prefix.length };
  const [first, last, more] = text.split("-").map(parseIpv4);
  if (first === undefined || last === undefined || more !== undefined)
    throw new BadNft(`"${text}" is not an IPv4 address, such as 10.96.0.10 or 10.244.0.0/16.`, token);
  return orderedRange({ first, last }, token);
}

function orderedRange({ first, last }: Range, token: Token): Part {
  if (first > last) throw new BadNft(`The range ${token.text} ends before it begins.`, token);
  return first === last ? first : { first, last };
}

function readDeviceName(token: Token): string {
  const { text } = token;
  if (token.kind === "word" || token.kind === "string") {
    if (text.length > 0 && text.length <= 16 && !/[\s/]/.test(text)) return text;
  }
  throw new BadNft(`"${text}" is not a device's name.`, token);
}
