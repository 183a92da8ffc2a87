import { expect, test } from "vitest";
import { type GroupName, type NodeGroup, noContents } from "../../src/kube/model.ts";
import { indexNames } from "../../src/kube/names.ts";

const source = { uri: "test", line: 1, column: 1, endLine: 1, endColumn: 1 };

/** `web` or `web[1..30]`. */
function name(text: string): GroupName {
  const match = /^(.*)\[(\d+)\.\.(\d+)\]$/.exec(text);
  if (match === null) return { base: text, source };
  return { base: match[1], range: { first: Number(match[2]), last: Number(match[3]) }, source };
}

const plainPod = {
  namespace: "default",
  labels: {},
  ready: true,
  terminating: false,
  hostNetwork: false,
  contents: noContents,
  source,
};

function node(text: string, ...pods: string[]): NodeGroup {
  return {
    name: name(text),
    contents: noContents,
    source,
    pods: pods.map((pod) => ({ ...plainPod, name: name(pod) })),
  };
}

function names(...nodes: NodeGroup[]) {
  return indexNames({
    nodes,
    namespaces: [{ name: name("raw"), node: nodes[0], contents: noContents, source }],
  });
}

/** The namespace that a path means, or why it means none. */
function resolve(index: ReturnType<typeof names>, path: string): string {
  const resolution = index.resolve(path);
  if (resolution.kind === "found") return resolution.ref.netns;
  return resolution.kind === "unknown" ? "unknown" : `${resolution.candidates.join(" ")} +${resolution.more}`;
}

test("nodes, pods and namespaces by their plain names, pods also by their node's", () => {
  const index = names(node("n1", "a"), node("n2", "b"));
  expect(["n1", "a", "n1/a", "n2/b", "raw", "n1/raw"].map((path) => resolve(index, path))).toEqual([
    "n1",
    "a",
    "a",
    "b",
    "raw",
    "raw",
  ]);
});

test("a path through the wrong node, or further than there is, is unknown", () => {
  const index = names(node("n1", "a"), node("n2", "b"));
  expect(["n2/a", "a/b", "n1/a/x", "", "/", "n1/"].map((path) => resolve(index, path))).toEqual(
    Array(6).fill("unknown"),
  );
});

test("a name in several nodes must say which", () => {
  const index = names(node("n1", "a"), node("n2", "a"));
  expect(resolve(index, "a")).toBe("n1/a n2/a +0");
  expect(resolve(index, "n2/a")).toBe("n2/a");
});

test("members of ranges, with numbers written as they are", () => {
  const index = names(node("worker[9..11]", "web[1..30]"));
  expect(resolve(index, "worker10/web7")).toBe("worker10/web7");
  expect(resolve(index, "worker09/web7")).toBe("unknown");
  expect(resolve(index, "worker12")).toBe("unknown");
  expect(resolve(index, "worker9/web31")).toBe("unknown");
  expect(resolve(index, "web7")).toBe("worker9/web7 worker10/web7 worker11/web7 +0");
  expect(resolve(names(node("w[1..5000]", "p")), "p")).toBe("w1/p w2/p w3/p w4/p +4996");
});

test("digits may belong to the name or to the number", () => {
  const index = names(node("n", "web1[1..3]", "web[20..30]"));
  expect(resolve(index, "web12")).toBe("n/web12");
  expect(resolve(index, "web21")).toBe("n/web21");
});
