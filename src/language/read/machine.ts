import type { BridgeModel, MachineModel, RawNamespace, UplinkModel } from "../../kube/model.ts";
import { noContents } from "../../kube/model.ts";
import { switchBridge } from "../../kube/underlay.ts";
import type { Host, Item, Router, Switch } from "../generated/ast.ts";
import { readAddress, readDurationNs, readMac, readNumber } from "../values.ts";
import { ContentsReader } from "./contents.ts";
import { readSettingsOnly } from "./devices.ts";
import {
  headRange,
  misplaced,
  oneWord,
  type Reading,
  readGroupName,
  readSetting,
  refuseExtraWords,
  type SettingReaders,
} from "./reading.ts";
import { readUplink } from "./uplink.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const roles = { Switch: "switch", Router: "router", Host: "host" } as const;

interface MachineReading {
  readonly namespace?: RawNamespace;
  readonly escaped: readonly Item[];
}

/** Reads `switch NAME {…}`, `router NAME {…}` or `host NAME {…}`. */
export function readMachine(declared: Switch | Router | Host, reading: Reading): MachineReading {
  const role = roles[declared.$type];
  const name = readGroupName(declared, role, reading);
  refuseExtraWords(declared, reading);
  const parts = declared.$type === "Switch" ? readSwitch(declared, reading) : readStation(declared, reading);
  const { escaped, ...rest } = parts;
  if (name?.range) {
    const message = `A ${role} is declared one by one; ranges are for nodes and pods.`;
    reading.problems.error("range-of-machine", name.source, message);
    return { escaped };
  }
  return { namespace: name && { name, ...rest, source: headRange(declared, reading) }, escaped };
}

type MachineParts = Pick<RawNamespace, "machine" | "contents"> & { readonly escaped: readonly Item[] };

/** `switch lan { mtu 9000; mac 02:…; ageing 300s }`. */
function readSwitch(declared: Switch, reading: Reading): MachineParts {
  const { problems } = reading;
  const machine: Draft<MachineModel> = { role: "switch", uplinks: [] };
  const bridge: Draft<BridgeModel> = { name: switchBridge, addresses: [], source: headRange(declared, reading) };
  const settings: SettingReaders = {
    mtu: oneWord(reading, (word) => {
      machine.mtu = readNumber(word, problems, 68, 65535, "bad-mtu");
    }),
    mac: oneWord(reading, (word) => {
      const value = readMac(word, problems);
      if (value !== undefined) bridge.mac = { value, source: word.range };
    }),
    ageing: oneWord(reading, (word) => {
      bridge.ageingTimeNs = readDurationNs(word, problems);
    }),
  };
  const items = declared.block?.items ?? [];
  const escaped = readSettingsOnly(items, `switch ${declared.name ?? ""}`, settings, reading);
  return { machine, contents: { ...noContents, bridges: [bridge] }, escaped };
}

/** `router r { address … on lan; address … on wan }`, `host h { address …; gateway …; container … }`. */
function readStation(declared: Router | Host, reading: Reading): MachineParts {
  const { problems } = reading;
  const role = roles[declared.$type];
  const uplinks: UplinkModel[] = [];
  const machine: Draft<MachineModel> = { role, uplinks };
  const contents = new ContentsReader(reading);
  const settings: SettingReaders = {
    ...contents.settings,
    address: (tokens, source, name) => {
      const uplink = readUplink(tokens, source, name, reading);
      if (uplink) uplinks.push(uplink);
    },
    gateway: oneWord(reading, (word) => {
      const value = readAddress(word, problems);
      if (value !== undefined) machine.gateway = { value, source: word.range };
    }),
  };
  const owner = `${role} ${declared.name ?? ""}`;
  const escaped: Item[] = [];
  for (const item of declared.block?.items ?? []) {
    if (item.$type === "Line") {
      readSetting(item, owner, settings, ["bridge", "container", "interface"], reading);
      continue;
    }
    const read = contents.readItem(item);
    if (read !== "not mine") escaped.push(...read);
    else {
      misplaced(item, owner, reading);
      escaped.push(item);
    }
  }
  return { machine, contents: contents.contents, escaped };
}
