import type { ProgramResult } from "../../programs/program.ts";
import { printDurationNs } from "../inspect/duration.ts";
import { findNetns } from "../inspect/find.ts";
import type { Asked } from "./asked.ts";
import type { Explanation, Idea } from "./explanation.ts";
import { idea } from "./file-edits.ts";

/** One question for A and one for AAAA. */
const usualQueries = 2;
/** Whoever waits so long waits for a name server: the resolver's own time-out is 5 s. */
const longNs = 1_000_000_000;

/** What the resolver of a statement's program did, where that is what took long: questions by the search list, answers that did not come. */
export function withNames(
  asked: Asked,
  explanation: Explanation,
  result: ProgramResult | null | undefined,
  durationNs = 0,
): Explanation {
  const { answer } = result ?? {};
  if (answer === undefined || (answer.queries <= usualQueries && durationNs < longNs)) return explanation;
  const time = printDurationNs(durationNs);
  const how = `its name was asked for in ${answer.queries} questions until "${answer.name}" was answered, ${time} in all`;
  const why =
    durationNs >= longNs
      ? "an answer did not come, and the resolver waits for it (timeout of resolv.conf, 5 s) before it asks again"
      : "a name with fewer dots than ndots is tried with every domain of the search list first, each for A and for AAAA";
  const ideas = [
    ...explanation.ideas,
    ...(durationNs >= longNs ? [] : dotIdea(asked)),
    ...optionIdeas(asked, durationNs),
  ];
  const decision = explanation.isFine ? how : explanation.decision;
  const related = [...explanation.related, ...(explanation.isFine ? [] : [how]), why];
  return { ...explanation, decision, related, ideas, isFine: false };
}

/** The name as it stands, and no other: a dot at its end. */
function dotIdea({ file, statement }: Asked): readonly Idea[] {
  if (file === undefined || statement?.do !== "curl" || statement.source.uri !== file.uri) return [];
  const host = statement.host.replace(/:\d+$/, "");
  if (host.endsWith(".")) return [];
  const pattern = `://${host.replaceAll(".", "\\.")}(?=[:/\\s]|$)`;
  return idea(`A dot at the end of the name: ${host}.`, [
    file.replaceIn(statement.source.line, pattern, `://${host}.`),
  ]);
}

function optionIdeas({ file, world, statement }: Asked, durationNs: number): readonly Idea[] {
  const netns = statement !== undefined && "netns" in statement ? findNetns(world, statement.netns) : 0;
  const owner = netns === 0 ? undefined : file?.declarationAt(world.namespaces.source.get(netns));
  if (file === undefined || owner === undefined) return [];
  const name = world.namespaces.name.get(netns);
  const options = durationNs >= longNs ? ["single-request", "timeout:1"] : ["ndots:1"];
  const there =
    file
      .lines(owner, "options")[0]
      ?.words.slice(1)
      .map(({ text }) => `${text} `)
      .join("") ?? "";
  return options.flatMap((option) =>
    idea(`In ${name}: options ${option}`, file.set(owner, "options", `${there}${option}`)),
  );
}
