import type { SourceRange } from "../../base/source-range.ts";
import type { UplinkModel } from "../../kube/model.ts";
import type { Token } from "../source.ts";
import { readMac, readNumber, readPrefix } from "../values.ts";
import type { Reading } from "./reading.ts";

const options = ["on", "mtu", "mac"];

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** Reads what follows `address`: `192.168.1.1/24 [on SWITCH] [mtu 1400] [mac 02:…]`, in any order. */
export function readUplink(
  tokens: readonly Token[],
  source: SourceRange,
  name: Token,
  reading: Reading,
): UplinkModel | undefined {
  const { problems } = reading;
  const [prefixToken, ...rest] = tokens;
  if (prefixToken === undefined) {
    problems.error("missing-value", name.range, "The value of address is missing.");
    return undefined;
  }
  const value = readPrefix(prefixToken, problems);
  if (value === undefined) return undefined;
  const uplink: Draft<UplinkModel> = { address: { value, source: prefixToken.range }, source };
  const seen = new Set<string>();
  for (let i = 0; i < rest.length; i += 2) {
    const [option, word] = [rest[i], rest[i + 1]];
    if (!options.includes(option.text)) {
      const message = `An address has no option "${option.text}".`;
      problems.unknown("unknown-option", option.range, option.text, message, options);
      return uplink;
    }
    if (seen.has(option.text)) problems.error("repeated-setting", option.range, `${option.text} is already set.`);
    seen.add(option.text);
    if (word === undefined) {
      problems.error("missing-value", option.range, `The value of ${option.text} is missing.`);
    } else setOption(option.text, word, uplink, reading);
  }
  return uplink;
}

function setOption(name: string, word: Token, uplink: Draft<UplinkModel>, { problems }: Reading): void {
  const source = word.range;
  if (name === "on") uplink.on = { value: word.text, source };
  else if (name === "mtu") uplink.mtu = readNumber(word, problems, 68, 65535, "bad-mtu");
  else {
    const mac = readMac(word, problems);
    if (mac !== undefined) uplink.mac = { value: mac, source };
  }
}
