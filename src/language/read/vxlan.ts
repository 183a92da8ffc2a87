import type { VtepModel, VxlanModel } from "../../kube/model.ts";
import type { Item, Vxlan } from "../generated/ast.ts";
import type { Token } from "../source.ts";
import { readAddress, readAnyMac, readDeviceName, readMac, readNumber, readPort, readSwitch } from "../values.ts";
import { addressSetting, readSettingsOnly } from "./devices.ts";
import { headRange, nameToken, oneWord, type Reading, refuseExtraWords, type SettingReaders } from "./reading.ts";

/** 24 bits (RFC 7348 section 5). */
const largestVni = 0xff_ffff;
/** drivers/net/vxlan/vxlan_core.c, `vxlan_port`; flannel states the same. */
const defaultPort = 8472;

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** `vxlan flannel.1 { id 1; local 192.168.1.11; dev eth0; learning off; address 10.244.0.0/32; fdb MAC dst VTEP }`. */
export function readVxlan(node: Vxlan, into: VxlanModel[], reading: Reading): Item[] {
  const { problems } = reading;
  const token = nameToken(node, reading);
  const source = headRange(node, reading);
  const dev = token && readDeviceName(token, problems);
  if (token === undefined) problems.error("missing-name", source, "This vxlan device has no name.");
  refuseExtraWords(node, reading);
  const addresses: VxlanModel["addresses"][number][] = [];
  const vteps: VtepModel[] = [];
  const draft: Draft<VxlanModel> = {
    ...{ dev: dev ?? "", vni: -1, port: defaultPort, learning: true, addresses, vteps, source },
  };
  const settings: SettingReaders = {
    id: oneWord(reading, (word) => {
      draft.vni = readNumber(word, problems, 0, largestVni, "bad-vni") ?? 0;
    }),
    local: oneWord(reading, (word) => {
      draft.local = readAddress(word, problems);
    }),
    dev: oneWord(reading, (word) => {
      draft.underlying = { value: word.text, source: word.range };
    }),
    port: oneWord(reading, (word) => {
      draft.port = readPort(word, problems) ?? defaultPort;
    }),
    learning: oneWord(reading, (word) => {
      draft.learning = readSwitch(word, problems) ?? true;
    }),
    ttl: oneWord(reading, (word) => {
      draft.ttl = readNumber(word, problems, 1, 255, "bad-ttl");
    }),
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) draft.mac = { value, source: word.range };
    }),
    mtu: oneWord(reading, (word) => {
      draft.mtu = readNumber(word, problems, 68, 65_485, "bad-mtu");
    }),
    master: oneWord(reading, (word) => {
      draft.master = { value: word.text, source: word.range };
    }),
    address: addressSetting(addresses, reading),
    fdb: (tokens, place, name) => {
      const vtep = readVtep(tokens, name, reading);
      if (vtep) vteps.push({ ...vtep, source: place });
    },
  };
  const escaped = readSettingsOnly(node.block?.items ?? [], `vxlan ${draft.dev}`, settings, reading);
  if (dev === undefined || token === undefined) return escaped;
  if (draft.vni < 0) {
    const message = `vxlan ${dev} has no network identifier; add a line such as "id 1".`;
    problems.error("missing-vni", token.range, message);
  } else if (into.some((other) => other.dev === dev)) {
    problems.error("duplicate-name", token.range, `There is already a vxlan device ${dev} here.`);
  } else into.push(draft);
  return escaped;
}

/** `fdb 02:fa:0a:f4:01:00 dst 192.168.1.12`, as after `bridge fdb append`. */
function readVtep(tokens: readonly Token[], name: Token, reading: Reading): Omit<VtepModel, "source"> | undefined {
  const { problems } = reading;
  const [mac, word, remote, extra] = tokens;
  if (mac === undefined || word?.text !== "dst" || remote === undefined) {
    const place = (word ?? mac ?? name).range;
    problems.error("bad-fdb", place, 'An entry says which VTEP an address is behind: "fdb MAC dst ADDRESS".');
    return undefined;
  }
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  const value = readAnyMac(mac, problems);
  const address = readAddress(remote, problems);
  return value === undefined || address === undefined ? undefined : { mac: value, remote: address };
}
