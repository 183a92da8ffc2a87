import { closest } from "../../base/suggest.ts";
import { type CommandWord, splitCommand } from "../../config/command-words.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import { statementVerbs } from "../../language/scenario/scenario.ts";
import type { World } from "../../linux/world.ts";
import type { HandFacet } from "../edits/api.ts";
import type { InspectionTarget } from "../inspect/target.ts";
import type { Scenario } from "../scenario.ts";
import type { ConsoleAnswer, ConsoleCompletion, ConsoleFacet, ConsoleView } from "./api.ts";
import { type ClusterNow, clusterNow } from "./cluster-now.ts";
import { Complaint, type Outcome, printed } from "./command.ts";
import { commands } from "./commands.ts";
import { completionsOf } from "./completions.ts";
import { dataThing } from "./data-thing.ts";
import { evaluateExpression } from "./expression.ts";
import { namedThing, netnsOf } from "./named-things.ts";
import { asStatement } from "./sends.ts";
import { unwrap } from "./wrappers.ts";

export interface ConsoleParts {
  readonly world: World;
  readonly scenario: Scenario;
  readonly layout: () => ClusterLayout | undefined;
  readonly hand: HandFacet;
  readonly stageNames: readonly string[];
  /** What the frame in view is about. */
  at(view: ConsoleView): InspectionTarget;
}

/** Programs of other days and other packages, and what stands in for them here. */
const relatives: Readonly<Record<string, string>> = {
  ifconfig: "ip addr",
  arp: "ip neigh",
  route: "ip route",
  netstat: "ss",
  brctl: "bridge",
  nslookup: "dig",
  host: "dig",
  wget: "curl",
  telnet: "nc",
  tshark: "tcpdump",
};

/** See `ConsoleFacet`. */
export class Console implements ConsoleFacet {
  private readonly parts: ConsoleParts;

  constructor(parts: ConsoleParts) {
    this.parts = parts;
  }

  run(line: string, view: ConsoleView): ConsoleAnswer {
    const text = line.trim();
    if (text === "help" || text === "?") return { kind: "text", text: helpText(), changed: false };
    try {
      return this.runCommand(text, view) ?? this.evaluate(text, view);
    } catch (error) {
      if (error instanceof Complaint) return { kind: "problem", message: error.message };
      throw error;
    }
  }

  look(line: string, view: ConsoleView): ConsoleAnswer {
    const text = line.trim();
    const { world, scenario } = this.parts;
    const target = this.parts.at(view);
    const here = target.device === 0 ? 0 : world.devices.netns.get(target.device);
    const thing = namedThing(world, this.cluster(), text, here);
    if (thing !== undefined) return { kind: "value", value: thing };
    const data = dataThing(world, text);
    if (data !== undefined) return { kind: "value", value: data };
    const evaluated = evaluateExpression(world, text, target, scenario.lastResult);
    if ("value" in evaluated) return { kind: "value", value: evaluated.value };
    return { kind: "problem", message: evaluated.message };
  }

  complete(line: string, column: number, view: ConsoleView): readonly ConsoleCompletion[] {
    const { world, layout, stageNames } = this.parts;
    return completionsOf({ world, layout: layout(), stageNames, here: this.here(view) }, line, column);
  }

  private cluster(): ClusterNow | undefined {
    const layout = this.parts.layout();
    return layout && clusterNow(layout, this.parts.scenario.endpoints);
  }

  private here(view: ConsoleView): number {
    const { device } = this.parts.at(view);
    return device === 0 ? 0 : this.parts.world.devices.netns.get(device);
  }

  /** Undefined where the line is no command. */
  private runCommand(text: string, view: ConsoleView): ConsoleAnswer | undefined {
    const [first] = text.split(/\s/, 1);
    const isWrapped = first === "sudo" || first === "kubectl" || first === "ip";
    if (!isWrapped && !commands.some(({ name }) => name === first) && !statementVerbs.includes(first)) return undefined;
    const split = splitCommand(text);
    if ("problem" in split) throw new Complaint(split.problem);
    const { world } = this.parts;
    const layout = this.cluster();
    const { words, netns } = unwrap(split.words, world, layout);
    const [program, ...args] = words;
    const invocation = { world, layout, words: args, netns: netns || this.here(view) };
    if (isListOfNamespaces(words)) return this.answer(namespaces(world));
    if (this.isStatement(program, args)) return this.answer(asStatement(words));
    const command = commands.find(({ name }) => name === program?.text);
    if (command === undefined) throw new Complaint(unknownCommand(program?.text ?? ""));
    return this.answer(command.run(invocation));
  }

  /** What the language says in its own way: `ping pod1 -> pod2`, `sysctl pod1 KEY=VALUE`, `iptables -n node1 -A …`. */
  private isStatement(program: CommandWord | undefined, args: readonly CommandWord[]): boolean {
    if (program === undefined || !statementVerbs.includes(program.text)) return false;
    if (args.some(({ text, quoted }) => text === "->" && !quoted)) return true;
    if (!commands.some(({ name }) => name === program.text)) return true;
    const names = (word: CommandWord | undefined) =>
      word !== undefined && netnsOf(this.parts.world, this.parts.layout(), word.text) !== 0;
    if (program.text === "sysctl" || program.text === "conntrack") return names(args[0]);
    const takesNetns = program.text === "iptables" || program.text === "nft";
    return takesNetns && args[0]?.text === "-n" && names(args[1]);
  }

  private answer(outcome: Outcome): ConsoleAnswer {
    if (outcome.kind === "value") return outcome;
    if (outcome.kind === "text") return { ...outcome, changed: false };
    const refusal = this.parts.hand.apply({ do: "statement", text: outcome.statement });
    if (refusal !== undefined) throw new Complaint(refusal);
    return { kind: "text", text: outcome.said, changed: true };
  }

  private evaluate(text: string, view: ConsoleView): ConsoleAnswer {
    const expression = text.replace(/^expect\s+/, "");
    const answer = this.look(expression, view);
    const first = /^([a-z][\w-]*)(\s+[\w-]|$)/.exec(text)?.[1];
    const isLikeCommand = first !== undefined && !/[()=<>&|.]/.test(text);
    if (answer.kind === "problem" && isLikeCommand) return { kind: "problem", message: unknownCommand(first) };
    return answer;
  }
}

function isListOfNamespaces(words: readonly CommandWord[]): boolean {
  const texts = words.map(({ text }) => text);
  return (
    texts[0] === "ip" && texts[1] === "netns" && (texts.length === 2 || texts[2] === "list" || texts[2] === "show")
  );
}

function namespaces({ namespaces: table }: World): Outcome {
  return printed([...table.table.rows()].map((row) => table.name.get(row)));
}

function unknownCommand(name: string): string {
  const relative = relatives[name];
  const meant = relative ?? closest(name, [...commands.map((one) => one.name), ...statementVerbs]);
  const suggestion =
    meant === undefined ? "" : relative === undefined ? ` Did you mean ${meant}?` : ` ${meant} does it here.`;
  return `There is no command or name "${name}" here.${suggestion} "help" lists what there is.`;
}

function helpText(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(
    ({ name, summary, example }) => `${name.padEnd(width)}  ${summary}\n${" ".repeat(width)}    ${example}`,
  );
  return [
    "Commands, in the namespace of the selected frame, of -n NETNS, ip netns exec NETNS, or kubectl exec POD --:",
    ...lines,
    `${"why".padEnd(width)}  explains the packet in view, a lost one (#12.1), a statement (its line)`,
    "Statements of the language: ping pod1 -> pod2, udp pod1 -> pod2:9000, sysctl pod1 KEY=VALUE, …",
    'Names and expressions: pod1, cbr0, 10.244.1.9, ip.ttl, neigh("pod1", "10.244.1.9").state == "REACHABLE"',
    "What changes or sends is part of the recording: going back before it takes it back.",
    "",
  ].join("\n");
}
