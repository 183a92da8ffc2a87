import {
  type CompositeCstNode,
  CstNodeBuilder,
  createLangiumParser,
  type LangiumCoreServices,
  type LangiumParser,
  type LexerResult,
} from "langium";

type HiddenTokens = Parameters<CstNodeBuilder["addHiddenNodes"]>[0];

/**
 * Langium's parser, in time linear in the file. Langium 4.4 takes comments from the front of one long array, and looks
 * before every token for the place where comments would go, also when there are none, from the front of the list that
 * it is building: both quadratic.
 */
export function createLinearParser(services: LangiumCoreServices): LangiumParser {
  const parser = createLangiumParser(services);
  const builder = new LinearCstNodeBuilder();
  const extractHiddenTokens = (token: { readonly startOffset: number }) => {
    const { hidden } = Reflect.get(parser, "lexerResult") as LexerResult;
    return builder.hiddenTokensBefore(token.startOffset, hidden);
  };
  Object.defineProperties(parser, {
    nodeBuilder: { value: builder },
    extractHiddenTokens: { value: extractHiddenTokens },
  });
  return parser;
}

class LinearCstNodeBuilder extends CstNodeBuilder {
  /** How many of the file's comments are in the tree, and where the last of them begins. */
  #added = 0;
  #lastOffset = -1;

  override buildRootNode(input: string): ReturnType<CstNodeBuilder["buildRootNode"]> {
    this.#added = 0;
    this.#lastOffset = -1;
    return super.buildRootNode(input);
  }

  hiddenTokensBefore(offset: number, hidden: HiddenTokens): HiddenTokens {
    let end = this.#added;
    while (end < hidden.length && hidden[end].startOffset <= offset) end++;
    return end === this.#added ? none : hidden.slice(this.#added, end);
  }

  /** Called with the comments before one token, and at last with all of the file. */
  override addHiddenNodes(tokens: HiddenTokens): void {
    if (tokens.length === 0) return;
    const nodes = this.#notYetAdded(tokens).map((token) => this.createLeafNode(token, true));
    let node: CompositeCstNode = this.current;
    if (node.content.length > 0) {
      for (const comment of nodes) this.appendChild(this.current, comment);
      return;
    }
    // A node under construction is the last one of its container.
    for (let parent = node.container; parent; parent = node.container) {
      const index = parent.content.length - 1;
      if (index > 0) return this.insertChildren(parent as CstNodeBuilder["current"], index, nodes);
      node = parent;
    }
    this.insertChildren(node as CstNodeBuilder["current"], 0, nodes);
  }

  #notYetAdded(tokens: HiddenTokens): HiddenTokens {
    const isWholeFile = tokens.length > 0 && tokens[0].startOffset <= this.#lastOffset;
    const fresh = isWholeFile ? tokens.slice(this.#added) : tokens;
    this.#added += fresh.length;
    this.#lastOffset = fresh.at(-1)?.startOffset ?? this.#lastOffset;
    return fresh;
  }
}

const none: HiddenTokens = [];
