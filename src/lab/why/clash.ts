import { printFlow } from "../inspect/print-connection.ts";
import type { Asked } from "./asked.ts";
import type { Idea, Reasons } from "./explanation.ts";
import { idea } from "./file-edits.ts";

/** Another connection has the same addresses and ports on one of its two ways: NAT gave both the same. */
export function becauseOfClash(asked: Asked): Reasons {
  const { world, packet, netns } = asked;
  const { conntrack, packets } = world;
  const loser = packets.connection.get(packet);
  if (loser === 0) return {};
  const winner =
    conntrack.find(netns, conntrack.reply.get(loser)) ?? conntrack.find(netns, conntrack.original.get(loser));
  return {
    tried: [
      { what: `conntrack ${printFlow(world, loser)}`, missed: "this one's, which is not in the table yet" },
      ...(winner === undefined
        ? []
        : [{ what: `conntrack ${printFlow(world, winner.connection)}`, missed: "came first: answers are its" }]),
    ],
    ideas: portIdeas(asked),
  };
}

/** Rules that leave NAT few ports to choose from. */
function portIdeas({ file }: Asked): readonly Idea[] {
  if (file === undefined) return [];
  const few = /(-j (?:MASQUERADE|SNAT)\b.*?) --to-ports? \S+/;
  return file.text.split("\n").flatMap((text, index) => {
    const rule = few.exec(text);
    if (rule === null) return [];
    const title = `Line ${index + 1}: --random-fully in the place of ${rule[0].slice(rule[1].length + 1)}`;
    return idea(title, [file.replaceIn(index + 1, / --to-ports? \S+/, " --random-fully")]);
  });
}
