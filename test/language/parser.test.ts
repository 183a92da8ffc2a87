import { type CstNode, isCompositeCstNode } from "langium";
import { expect, test } from "vitest";
import { languageServices } from "../../src/language/services.ts";

/** The texts of the leaves, in the order of the tree. */
function leaves(node: CstNode): string[] {
  return isCompositeCstNode(node) ? node.content.flatMap(leaves) : [node.text.trim()];
}

function parse(text: string): string[] {
  const { value, parserErrors } = languageServices().k8snet.parser.LangiumParser.parse(text);
  expect(parserErrors).toEqual([]);
  return value.$cstNode ? leaves(value.$cstNode) : [];
}

test("comments are in the tree, each once and at its place", () => {
  expect(parse("# one\nnode a { # two\n # three\n pod b # four\n}\n # five\n# six").join(" ").split(/\s+/)).toEqual(
    "# one node a { # two # three pod b # four } # five # six".split(" "),
  );
});

test("a # inside a word is no comment, a ; ends a statement, a block may begin on the next line", () => {
  expect(parse("a#b").join("|")).toBe("a#b");
  expect(parse("node n { pod a; pod b }").join("|")).toBe("node|n|{|pod|a|;|pod|b|}");
  expect(parse("node n\n{\n}").join("|")).toBe("node|n|{||}");
});

test("an expectation ends at a comment, a semicolon, or a brace that it did not open", () => {
  const expectation = (text: string) =>
    parse(`{ ${text}`)
      .find((leaf) => leaf.startsWith("expect"))
      ?.trimEnd();
  expect(expectation('expect a == "# ; }" && {"k": 1}.k == 1 }')).toBe('expect a == "# ; }" && {"k": 1}.k == 1');
  expect(expectation("expect a # why")).toBe("expect a");
  expect(expectation("expect a; wait 1s")).toBe("expect a");
});

test("blanks at the end of a line do not join it with the next", () => {
  expect(parse("netns a \t\r\nnetns b  \n\n  \nnetns c").join("|")).toBe("netns|a||netns|b||netns|c");
  expect(parse("node n  \n {  \n}").join("|")).toBe("node|n|{||}");
});
