import { parseIpv4, parsePrefix } from "../wire/address-text.ts";
import { formatPrefix, type Ipv4Address, type Ipv4Prefix, networkAddress } from "../wire/ipv4-address.ts";
import { isGroupMac, type MacAddress, parseMac } from "../wire/mac-address.ts";
import type { Problems } from "./problems.ts";
import type { Token } from "./source.ts";

/** Readers of single words. Each gives undefined and says what is wrong where the word is not of its kind. */

export function readAddress(token: Token, problems: Problems): Ipv4Address | undefined {
  const address = parseIpv4(token.text);
  if (address === undefined) {
    problems.error("bad-address", token.range, `"${token.text}" is not an IPv4 address, such as 10.244.1.9.`);
  }
  return address;
}

export function readPrefix(token: Token, problems: Problems): Ipv4Prefix | undefined {
  const prefix = parsePrefix(token.text);
  if (prefix !== undefined) return prefix;
  const bare = parseIpv4(token.text) !== undefined;
  problems.error(
    "bad-prefix",
    token.range,
    bare
      ? `The prefix length is missing: write ${token.text}/24.`
      : `"${token.text}" is not an address with a prefix length, such as 10.244.1.0/24.`,
    bare ? { title: `Change to ${token.text}/24`, range: token.range, newText: `${token.text}/24` } : undefined,
  );
  return undefined;
}

/** An address block: its first address and the length of its prefix. */
export function readBlock(token: Token, problems: Problems): Ipv4Prefix | undefined {
  const block = readPrefix(token, problems);
  if (block === undefined || block.address === networkAddress(block)) return block;
  const newText = formatPrefix({ ...block, address: networkAddress(block) });
  const fix = { title: `Change to ${newText}`, range: token.range, newText };
  problems.error("bad-prefix", token.range, `${token.text} is not the first address of its block.`, fix);
  return undefined;
}

/** One of a few words. */
export function readChoice<Word extends string>(
  token: Token,
  words: readonly Word[],
  code: string,
  what: string,
  problems: Problems,
): Word | undefined {
  const known = words.find((word) => word === token.text);
  if (known !== undefined) return known;
  problems.unknown(code, token.range, token.text, `${what} is one of ${words.join(", ")}, not "${token.text}".`, words);
  return undefined;
}

export function readSwitch(token: Token, problems: Problems): boolean | undefined {
  const word = readChoice(token, ["true", "false", "on", "off"], "bad-switch", "This", problems);
  return word && (word === "true" || word === "on");
}

/** The address of an interface. */
export function readMac(token: Token, problems: Problems): MacAddress | undefined {
  const mac = readAnyMac(token, problems);
  if (mac === undefined) return undefined;
  if (isGroupMac(mac) || mac === 0) {
    const message = `${token.text} is a ${mac === 0 ? "zero" : "multicast"} address; an interface needs a unicast one, with an even first octet.`;
    problems.error("bad-mac", token.range, message);
    return undefined;
  }
  return mac;
}

/** A group's is one as well, and 00:00:00:00:00:00. */
export function readAnyMac(token: Token, problems: Problems): MacAddress | undefined {
  const mac = parseMac(token.text);
  if (mac === undefined)
    problems.error("bad-mac", token.range, `"${token.text}" is not a MAC address, such as 02:00:0a:f4:01:09.`);
  return mac;
}

const unitsNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1_000,
  ms: 1_000_000,
  s: 1_000_000_000,
  m: 60_000_000_000,
  h: 3_600_000_000_000,
};

/** What a scenario's clock can hold without loss. */
const longestDurationNs = 1_000_000 * 1_000_000_000;

export function readDurationNs(token: Token, problems: Problems): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)$/.exec(token.text);
  if (match) {
    const durationNs = Math.round(Number(match[1]) * unitsNs[match[2]]);
    if (durationNs <= longestDurationNs) return durationNs;
    problems.error("bad-duration", token.range, `${token.text} is longer than a scenario can last (1000000s).`);
    return undefined;
  }
  const bare = /^\d+(\.\d+)?$/.test(token.text);
  problems.error(
    "bad-duration",
    token.range,
    bare
      ? `The unit is missing: ${token.text}s, ${token.text}ms?`
      : `"${token.text}" is not a duration, such as 1.5s or 300ms.`,
    bare ? { title: `Change to ${token.text}s`, range: token.range, newText: `${token.text}s` } : undefined,
  );
  return undefined;
}

export function readPort(token: Token, problems: Problems): number | undefined {
  const port = /^\d{1,5}$/.test(token.text) ? Number(token.text) : 0;
  if (port >= 1 && port <= 65535) return port;
  problems.error("bad-port", token.range, `"${token.text}" is not a port: a number from 1 to 65535.`);
  return undefined;
}

export function readNumber(
  token: Token,
  problems: Problems,
  minimum: number,
  maximum: number,
  code = "bad-number",
): number | undefined {
  const value = /^\d{1,15}$/.test(token.text) ? Number(token.text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  problems.error(code, token.range, `"${token.text}" is not a number from ${minimum} to ${maximum}.`);
  return undefined;
}

/** Linux keeps 16 bytes for the name of an interface, the closing zero included (IFNAMSIZ). */
const longestDeviceName = 15;

export function readDeviceName(token: Token, problems: Problems): string | undefined {
  const { text, range } = token;
  if (text.length > longestDeviceName) {
    const message = `"${text}" has ${text.length} characters; the name of an interface has at most ${longestDeviceName} (IFNAMSIZ).`;
    problems.error("device-name-too-long", range, message);
    return undefined;
  }
  if (text === "" || text === "." || text === ".." || /[/\s:]/.test(text)) {
    problems.error("bad-device-name", range, `"${text}" cannot be the name of an interface.`);
    return undefined;
  }
  return text;
}
