import { parseConntrackCommand } from "../../config/conntrack-command.ts";
import { isListed, isSelected } from "../../linux/conntrack/delete.ts";
import { printConnection } from "../inspect/print-connection.ts";
import { Complaint, type Invocation, needNetns, netnsName, type Outcome, printed, wordsText } from "./command.ts";

/** `conntrack -L [FILTER]`, `-C`, `-D FILTER`, `-F`. */
export function conntrack(invocation: Invocation): Outcome {
  const { world } = invocation;
  const [action, ...options] = invocation.words;
  const netns = needNetns(invocation, "ip netns exec node1 conntrack -L");
  switch (action?.text) {
    case "-L":
    case "--dump":
      return list(invocation, netns);
    case "-C":
    case "--count":
      return printed([String(world.conntrack.countOf(netns))]);
    case "-D":
    case "--delete":
    case "-F":
    case "--flush":
      return change(invocation, netns);
    default:
      throw new Complaint(
        `conntrack ${action?.text ?? ""} is not known here: -L, -C, -D and -F are.${options.length > 0 ? "" : ""}`,
      );
  }
}

function list(invocation: Invocation, netns: number): Outcome {
  const { world, words } = invocation;
  const { conntrack: connections } = world;
  const filter = words.length === 1 ? undefined : readFilter(invocation);
  const rows = connections
    .ofNetns(netns)
    .filter((row) => isListed(world, row))
    .filter((row) => filter === undefined || isSelected(world, row, filter));
  const total = `conntrack v1.4.7 (conntrack-tools): ${rows.length} flow entries have been shown.`;
  return printed([...rows.map((row) => printConnection(world, row)), total]);
}

/** The options of `-L` are those of `-D`. */
function readFilter({ words }: Invocation) {
  const parsed = parseConntrackCommand(["-D", ...words.slice(1).map(({ text }) => text)]);
  if ("error" in parsed) throw new Complaint(parsed.error.message.replace("conntrack -D", "conntrack -L"));
  return parsed.command;
}

function change(invocation: Invocation, netns: number): Outcome {
  const parsed = parseConntrackCommand(invocation.words.map(({ text }) => text));
  if ("error" in parsed) throw new Complaint(parsed.error.message);
  return {
    kind: "statement",
    statement: `conntrack ${netnsName(invocation, netns)} ${wordsText(invocation.words)}`,
    said: "",
  };
}
