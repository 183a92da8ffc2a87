import { isMap, LineCounter, parseAllDocuments } from "yaml";
import type { Problems } from "../problems.ts";
import { Fields, type ManifestContext, rangeAt } from "./fields.ts";

/** Longer ones are dumps of whole clusters. Parsing takes about a second for each million characters. */
const maximumCharacters = 2_097_152;

/** The objects of a manifest: its documents, those in lists singly. Whatever the text is, what can be read is given. */
export function readObjects(uri: string, text: string, problems: Problems): Fields[] {
  const lines = new LineCounter();
  const start = { uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
  if (text.length > maximumCharacters) {
    const message = `The manifest has ${text.length} characters; k8snet reads up to ${maximumCharacters}.`;
    problems.error("manifest-too-large", start, message);
    return [];
  }
  const documents = parse(text, lines);
  if (documents === undefined) {
    problems.error("bad-yaml", start, "This YAML is nested too deeply to be read.");
    return [];
  }
  const objects: Fields[] = [];
  for (const document of documents) {
    const context: ManifestContext = { uri, lines, document, problems };
    for (const { pos, message } of document.errors) {
      const place = rangeAt(context, pos[0], Math.max(pos[1], pos[0] + 1));
      problems.error("bad-yaml", place, `This is not YAML: ${message}${message.endsWith(".") ? "" : "."}`);
    }
    const { contents } = document;
    if (contents === null || document.errors.length > 0) continue;
    if (isMap(contents)) objects.push(...flattenLists(new Fields(context, contents, "")));
    else if (contents.range) {
      const place = rangeAt(context, contents.range[0], contents.range[1]);
      problems.error("bad-manifest", place, "This is not a Kubernetes object: those begin with apiVersion and kind.");
    }
  }
  return objects;
}

function parse(text: string, lineCounter: LineCounter) {
  try {
    const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** `kind: List`, as `kubectl get -o yaml` prints it, and the lists of the API, such as ServiceList. */
function flattenLists(object: Fields): Fields[] {
  const kind = object.text("kind") ?? "";
  if (!kind.endsWith("List")) return [object];
  return object.list("items").flatMap((item) => {
    const fields = item.fields();
    return fields ? [fields] : [];
  });
}
