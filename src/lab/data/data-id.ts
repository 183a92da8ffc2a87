/**
 * Names of data: a row by its id in the state tree, `arp:pod1/eth0/10.244.1.9`, one field of it, `…#state`, or an expression,
 * `expr:neigh("pod1", "10.244.1.9").state`. Made of names, so they mean the same thing in every run of the file.
 */
export interface DataId {
  /** The row's id; that of a table or of a namespace stands for all rows below it. */
  readonly row: string;
  readonly field?: string;
}

export const expressionPrefix = "expr:";

export function formatDataId({ row, field }: DataId): string {
  return field === undefined ? row : `${row}#${field}`;
}

/** A device's properties are rows of the state tree, `link:pod1/eth0/mtu`, and fields of the device. */
export function parseDataId(text: string): DataId {
  const property = /^link:(.+)\/(link\/ether|[^/]+)$/.exec(text);
  if (property !== null) return { row: `dev:${property[1]}`, field: property[2] };
  const at = text.indexOf("#");
  return at < 0 ? { row: text } : { row: text.slice(0, at), field: text.slice(at + 1) };
}

/** `arp` of `arp:pod1/eth0/10.244.1.9`. */
export function kindOf(row: string): string {
  return row.slice(0, Math.max(0, row.indexOf(":")));
}
