import type { ClusterNames, NamespaceRef } from "../kube/names.ts";
import type { Problems } from "./problems.ts";
import type { Token } from "./source.ts";

/** What a word means in the cluster; undefined, with a problem, where it names nothing or too much. */
export function resolveNamespace(token: Token, names: ClusterNames, problems: Problems): NamespaceRef | undefined {
  const resolution = names.resolve(token.text);
  switch (resolution.kind) {
    case "found":
      return resolution.ref;
    case "unknown":
      problems.unknown(
        "unknown-name",
        token.range,
        token.text,
        `There is no pod, node, host or netns "${token.text}".`,
        names.suggestions(),
      );
      return undefined;
    case "ambiguous": {
      const more = resolution.more > 0 ? ` or ${resolution.more} more` : "";
      const [newText] = resolution.candidates;
      const fix = { title: `Change to ${newText}`, range: token.range, newText };
      const message = `"${token.text}" can mean ${resolution.candidates.join(", ")}${more}: say in which node.`;
      problems.error("ambiguous-name", token.range, message, fix);
      return undefined;
    }
  }
}
