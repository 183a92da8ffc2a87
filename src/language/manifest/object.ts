import type { SourceRange } from "../../base/source-range.ts";
import type { Fields } from "./fields.ts";

/** What an object is called, and the line that breakpoints and messages mean by it: that of its name. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
  readonly source: SourceRange;
}

/** The fields that every object has. */
export const rootFields = ["apiVersion", "kind", "metadata"];

/** DNS-1123: what Kubernetes takes for names of Services and namespaces, and for subdomains with dots between them. */
const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Reads `metadata`; undefined, with a problem, where there is no name. */
export function readObjectName(object: Fields): ObjectName | undefined {
  const metadata = object.fields("metadata");
  const value = metadata?.get("name");
  const name = value?.text();
  if (metadata === undefined || value === undefined || name === undefined || name === "") {
    if (value === undefined || name === "") object.refuse("The object has no name: metadata.name is missing.", "kind");
    return undefined;
  }
  if (!namePattern.test(name)) {
    value.refuse(`"${name}" cannot be a name: small letters, digits, "-" and ".", a letter or digit first and last.`);
    return undefined;
  }
  return { namespace: metadata.text("namespace") || "default", name, source: value.range };
}
