import type { SourceRange } from "../../base/source-range.ts";
import { type CommandError, type IpCommand, parseNeighbour, parseRoute, parseRule } from "../../config/ip-command.ts";
import { parseSysctl } from "../../config/sysctl-text.ts";
import type {
  BridgeModel,
  ContainerModel,
  InterfaceModel,
  NamespaceContents,
  NeighbourModel,
  RouteModel,
  RuleModel,
  RuleSetModel,
  SetModel,
  SysctlModel,
  VxlanModel,
} from "../../kube/model.ts";
import type { Item } from "../generated/ast.ts";
import type { Token } from "../source.ts";
import { readBridge, readContainer, readInterface } from "./devices.ts";
import type { Reading, SettingReaders } from "./reading.ts";
import { readNftBlock, readRuleBlock } from "./rule-block.ts";
import { readSets } from "./sets.ts";
import { readVxlan } from "./vxlan.ts";

type Lists<Model> = {
  -readonly [Key in keyof Model]: Model[Key] extends readonly (infer Element)[] ? Element[] : never;
};

/** Gathers what can be stated in any namespace. */
export class ContentsReader {
  readonly contents: Lists<NamespaceContents> = {
    bridges: [] as BridgeModel[],
    interfaces: [] as InterfaceModel[],
    vxlans: [] as VxlanModel[],
    routes: [] as RouteModel[],
    rules: [] as RuleModel[],
    neighbours: [] as NeighbourModel[],
    sysctls: [] as SysctlModel[],
    containers: [] as ContainerModel[],
    sets: [] as SetModel[],
    ruleSets: [] as RuleSetModel[],
  };
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** `sysctl`, `route`, `rule` and `neigh`, written as after `sysctl -w`, `ip route add`, `ip rule add` and `ip neigh add`. */
  readonly settings: SettingReaders = {
    sysctl: (tokens, source, name) => {
      const parsed = parseSysctl(tokens.map(({ text }) => text));
      if ("message" in parsed) reportAtWord("bad-sysctl", parsed, tokens, name, this.#reading);
      else this.contents.sysctls.push({ ...parsed, source });
    },
    route: (tokens, source, name) => {
      const parsed = parseRoute(tokens.map(({ text }) => text));
      if ("error" in parsed) return reportAtWord("bad-route", parsed.error, tokens, name, this.#reading);
      this.#addCommand(parsed.command, source);
    },
    rule: (tokens, source, name) => {
      const parsed = parseRule(tokens.map(({ text }) => text));
      if ("error" in parsed) return reportAtWord("bad-rule", parsed.error, tokens, name, this.#reading);
      this.#addCommand(parsed.command, source);
    },
    "iptables-restore": (tokens, _source, name) => {
      const ruleSet = readRuleBlock(tokens, name, this.#reading);
      if (ruleSet !== undefined) this.contents.ruleSets.push(ruleSet);
    },
    nft: (tokens, _source, name) => {
      const { ruleSets } = this.contents;
      const earlier = ruleSets.filter((one) => one.program === "nft");
      const ruleSet = readNftBlock(tokens, name, this.#reading, earlier);
      if (ruleSet !== undefined) ruleSets.push(ruleSet);
    },
    ipset: (tokens, source, name) => {
      this.contents.sets.push(...readSets(tokens, source, name, this.#reading));
    },
    neigh: (tokens, source, name) => {
      const parsed = parseNeighbour(tokens.map(({ text }) => text));
      if ("error" in parsed) return reportAtWord("bad-neigh", parsed.error, tokens, name, this.#reading);
      this.#addCommand(parsed.command, source);
    },
  };

  /** Reads a nested declaration that any namespace may have; what does not belong into it comes back. */
  readItem(item: Item): Item[] | "not mine" {
    const { bridges, interfaces, vxlans, containers } = this.contents;
    switch (item.$type) {
      case "Bridge":
        return readBridge(item, bridges, this.#reading);
      case "Vxlan":
        return readVxlan(item, vxlans, this.#reading);
      case "Interface":
        return readInterface(item, interfaces, this.#reading);
      case "Container":
        return readContainer(item, containers, this.#reading);
      default:
        return "not mine";
    }
  }

  #addCommand(command: IpCommand, source: SourceRange): void {
    if (command.do === "route add") {
      const { do: _do, ...route } = command;
      this.contents.routes.push({ ...route, source });
    } else if (command.do === "rule add") {
      const { do: _do, ...rule } = command;
      this.contents.rules.push({ ...rule, source });
    } else if (command.do === "neigh add" && command.mac !== undefined) {
      this.contents.neighbours.push({ address: command.address, mac: command.mac, dev: command.dev, source });
    }
  }
}

/** Puts an error of the command parsers at its word; what is missing is said at the last word. */
export function reportAtWord(
  code: string,
  error: CommandError,
  tokens: readonly Token[],
  name: Token,
  reading: Reading,
): void {
  const token = tokens[error.word];
  const last = tokens.at(-1) ?? name;
  if (token) reading.problems.unknown(code, token.range, token.text, error.message, error.expected ?? []);
  else reading.problems.error(code, last.range, error.message);
}
