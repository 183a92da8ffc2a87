import type { SourceRange } from "../../base/source-range.ts";
import type { SetUpCommand } from "../commands.ts";
import type { NetworkPlan } from "../plan.ts";
import { resolvConfLines } from "../resolv-conf.ts";
import type { ScenarioPlan, Statement } from "../statements.ts";
import { routines, shellForm } from "./commands.ts";
import { NamespaceNames } from "./namespace-names.ts";
import { commandLine, commentText } from "./quote.ts";
import { statementCommands } from "./statements.ts";

export interface ScriptOptions {
  /** The file that the plan was made from, as comments name it: `raw-veth.k8snet`. */
  readonly fileName: string;
  /** The program that writes the script: `k8snet 0.1.0`. */
  readonly writtenBy: string;
}

/** A POSIX shell script that builds the plan's network out of Linux network namespaces, and removes it. In pieces, line by line. */
export function* shellScript(plan: NetworkPlan, options: ScriptOptions): Generator<string> {
  const prefix = scriptPrefix(plan.title);
  const names = new NamespaceNames(prefix);
  yield* header(plan, prefix, options);
  yield* namespaceList(plan, names);
  const hasResolvConf = givesResolvConf(plan);
  yield* routineDefinitions();
  if (hasResolvConf) yield resolvConfRoutine;
  yield* build(plan, names, options.fileName);
  yield frame(prefix, {
    programs: neededPrograms(plan),
    needsBridgeNetfilter: usesBridgeNetfilter(plan),
    hasResolvConf,
  });
  for (const scenario of plan.scenarios) yield* scenarioComment(scenario, names, options.fileName);
}

/** `k8snet-raw-veth-`. Never one of a `k8snet verify`, which has a dot in it. */
export function scriptPrefix(title: string): string {
  const plain = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return `k8snet-${plain === "" ? "network" : plain}-`;
}

function* header(plan: NetworkPlan, prefix: string, { fileName, writtenBy }: ScriptOptions): Generator<string> {
  const script = `${commentText(plan.title)}.sh`;
  const ruleTools = neededPrograms(plan).flatMap((program) => (program in rulePackages ? [ruleText(program)] : []));
  const programs = ["ip and bridge (Debian's iproute2)", "sysctl (procps)", ...ruleTools].join(", ");
  const modules = usesBridgeNetfilter(plan) ? "; the kernel module br_netfilter loaded" : "";
  const resolvConfWords = givesResolvConf(plan)
    ? `,\n# and for each pod /etc/netns/NAME/resolv.conf, which ip netns exec shows inside in place of /etc/resolv.conf`
    : "";
  yield `#!/bin/sh
# The network of ${commentText(fileName)}, out of Linux network namespaces. Written by ${writtenBy}.
#
#   sh ${script} up               builds it and leaves it there
#   sh ${script} shell [NAME]     builds it, opens a shell in one of its namespaces, and removes it afterwards
#   sh ${script} down             removes it
#
# Needs Linux and root; the programs ${programs} and ethtool${modules}.
#
# All that it makes are namespaces whose names begin with ${prefix}, and what is inside of them${resolvConfWords}; nothing else on
# this machine is touched. If a step fails, or on Ctrl-C, what was made is removed again.

set -eu

`;
}

function* namespaceList(plan: NetworkPlan, names: NamespaceNames): Generator<string> {
  yield "namespaces() {\n  cat <<'END'\n";
  for (const command of plan.setUp()) if (command.do === "netns add") yield `${names.of(command.netns)}\n`;
  yield "END\n}\n\n";
}

/** Commands that would stand there again and again. */
function* routineDefinitions(): Generator<string> {
  yield `# What a namespace copies from this machine becomes what the kernel itself begins with.
kernel_defaults() {
  ${commandLine(routines.kernel_defaults("NAME"))
    .replace("NAME", '"$1"')
    .replace(/ (?=net\.)/g, " \\\n    ")}
}

# Frames as a cable carries them: with checksums, and no longer than the MTU.
without_offloads() {
  ${commandLine(routines.without_offloads("NAME", "DEV")).replace("NAME", '"$1"').replace("DEV", '"$2"')} >/dev/null
}

`;
}

function* build(plan: NetworkPlan, names: NamespaceNames, fileName: string): Generator<string> {
  yield "build() {\n  :";
  let place: SourceRange | undefined;
  for (const command of plan.setUp()) {
    if (place === undefined || place.line !== command.source.line || place.uri !== command.source.uri) {
      place = command.source;
      yield `\n  # ${commentText(fileName)}:${place.line}\n`;
    }
    yield* buildStep(command, names);
  }
  yield "}\n\n";
}

function* buildStep(command: SetUpCommand, names: NamespaceNames): Generator<string> {
  const { commands, note } = shellForm(command, names);
  if (command.do === "netns add" && command.resolvConf !== undefined) {
    const lines = resolvConfLines(command.resolvConf).map((line) => `${line}\n`);
    yield `  ${commandLine(["resolv_conf", names.of(command.netns)])} <<'END'\n${lines.join("")}END\n`;
  }
  if (note !== undefined) yield `  # ${commentText(note)}\n`;
  for (const { argv, routine, input } of commands) {
    yield `  ${commandLine(routine === undefined ? argv : [routine.name, ...routine.args])}`;
    yield input === undefined ? "\n" : ` <<'END'\n${input}END\n`;
  }
}

/** Programs that load rules, and Debian's packages of them. */
const rulePackages = { "iptables-restore": "iptables", iptables: "iptables", nft: "nftables", ipset: "ipset" } as const;

function ruleText(program: string): string {
  const source = rulePackages[program as keyof typeof rulePackages];
  return source === program ? program : `${program} (${source})`;
}

/** What the commands of the set-up run. */
function neededPrograms(plan: NetworkPlan): readonly string[] {
  const used = new Set<string>();
  for (const command of plan.setUp()) if (command.do in rulePackages) used.add(command.do);
  return ["ip", "bridge", "sysctl", "ethtool", ...used];
}

function givesResolvConf(plan: NetworkPlan): boolean {
  for (const command of plan.setUp()) if (command.do === "netns add" && command.resolvConf !== undefined) return true;
  return false;
}

function usesBridgeNetfilter(plan: NetworkPlan): boolean {
  for (const command of plan.setUp()) if (command.do === "sysctl" && command.key.startsWith("net.bridge.")) return true;
  return false;
}

const resolvConfRoutine = `# A namespace's own /etc/resolv.conf, from standard input (ip-netns(8)).
resolv_conf() {
  mkdir -p "/etc/netns/$1"
  cat >"/etc/netns/$1/resolv.conf"
}

`;

/** Directories go only if nothing else is in them. */
const resolvConfRemoval = `    rm -f "/etc/netns/$name/resolv.conf"
    rmdir "/etc/netns/$name" /etc/netns 2>/dev/null || true
`;

const resolvConfCheck = `    [ ! -e "/etc/netns/$name" ] || complain "there is already /etc/netns/$name, of another network of that name"
`;

interface FrameOptions {
  readonly programs: readonly string[];
  readonly needsBridgeNetfilter: boolean;
  readonly hasResolvConf: boolean;
}

function frame(prefix: string, { programs, needsBridgeNetfilter, hasResolvConf }: FrameOptions): string {
  return `remove() {
  for name in $(namespaces); do
${hasResolvConf ? resolvConfRemoval : ""}    [ -e "/run/netns/$name" ] || continue
    for pid in $(ip netns pids "$name"); do kill "$pid" || true; done
    ip netns del "$name"
  done
}

complain() {
  echo "$0: $*" >&2
  exit 2
}

check() {
  [ "$(uname -s)" = Linux ] || complain "this needs Linux"
  [ "$(id -u)" = 0 ] || complain "this needs root"
  for program in ${programs.join(" ")}; do
    command -v "$program" >/dev/null || complain "this needs the program $program"
  done
${needsBridgeNetfilter ? bridgeNetfilterCheck : ""}  for name in $(namespaces); do
    [ ! -e "/run/netns/$name" ] || complain "there is already a namespace $name; '$0 down' removes it"
${hasResolvConf ? resolvConfCheck : ""}  done
}

undo() {
  status=$?
  trap '' INT TERM HUP
  trap - EXIT
  remove
  exit "$status"
}

up() {
  check
  trap undo EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  build
}

case "\${1:-}" in
  up)
    up
    trap - EXIT
    namespaces
    ;;
  shell)
    chosen=$(namespaces | head -n 1)
    if [ -n "\${2:-}" ]; then
      chosen=$(namespaces | grep -Fx -e "$2" -e "${prefix}$2") || complain "there is no namespace $2 here"
    fi
    up
    echo "This is $chosen; 'ip netns exec NAMESPACE PROGRAM' runs a program in another one. 'exit' removes all."
    ip netns exec "$chosen" "\${SHELL:-/bin/sh}" || true
    ;;
  down)
    remove
    ;;
  *)
    complain "say what to do: up, shell or down"
    ;;
esac
`;
}

const bridgeNetfilterCheck = `  [ -d /proc/sys/net/bridge ] || complain "this needs the kernel module br_netfilter: modprobe br_netfilter"
`;

function* scenarioComment(scenario: ScenarioPlan, names: NamespaceNames, fileName: string): Generator<string> {
  yield `\n# scenario ${commentText(JSON.stringify(scenario.name))} (${commentText(fileName)}:${scenario.source.line}), once it is up:\n`;
  for (const statement of scenario.statements) yield* statementComment(statement, names, "#   ");
}

function* statementComment(statement: Statement, names: NamespaceNames, indent: string): Generator<string> {
  const commands = statementCommands(statement, names);
  const at = statement.atNs === undefined ? "" : `   # at ${statement.atNs / 1e9} s`;
  if (commands !== undefined) for (const argv of commands) yield `${indent}${commandLine(argv)}${at}\n`;
  else if (statement.do === "parallel") {
    yield `${indent}all at once:\n`;
    for (const one of statement.statements) yield* statementComment(one, names, `${indent}  `);
  } else yield `${indent}(${commentText(statement.text)})\n`;
}
