import type { Diagnostic } from "../base/diagnostic.ts";
import { closest } from "../base/suggest.ts";
import { setsOf } from "../config/iptables/rule-set.ts";
import type { ClusterModel, NamespaceContents } from "./model.ts";

/** Rules that ask for a set that their namespace does not make: Linux does not take them. */
export function checkSets({ nodes, namespaces }: ClusterModel): Diagnostic[] {
  const places = [...nodes, ...nodes.flatMap(({ pods }) => pods), ...namespaces];
  return places.flatMap(({ contents }) => (contents.ruleSets.length === 0 ? [] : checkContents(contents)));
}

function checkContents({ sets, ruleSets }: NamespaceContents): Diagnostic[] {
  const made = new Set(sets.flatMap(({ change }) => (change.action === "create" ? [change.set] : [])));
  return ruleSets.flatMap((ruleSet) => {
    if (ruleSet.program !== "iptables-restore") return [];
    const {
      tables,
      firstLine,
      source: { uri },
    } = ruleSet;
    return tables
      .flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))
      .flatMap(({ matches, line: at }) =>
        setsOf(matches)
          .filter((name) => !made.has(name))
          .map((name): Diagnostic => {
            const line = firstLine + at - 1;
            const guess = closest(name, made);
            const fix = guess ? ` Did you mean ${guess}?` : ` Make it before: ipset create ${name} hash:ip.`;
            const range = { uri, line, column: 1, endLine: line + 1, endColumn: 1 };
            return { severity: "error", code: "unknown-set", range, message: `There is no set ${name}.${fix}` };
          }),
      );
  });
}
