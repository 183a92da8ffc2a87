/** A lab in the pieces from which it can be made smaller; each string is one line of the file. */
export interface RandomLab {
  readonly title: string;
  /** Declarations of the high-level form. */
  readonly blocks: readonly LabBlock[];
  readonly namespaces: readonly LabNamespace[];
  readonly cables: readonly LabCable[];
  readonly statements: readonly string[];
}

/** `node n1`, with the lines between its braces. */
export interface LabBlock {
  readonly head: string;
  readonly lines: readonly string[];
}

export interface LabNamespace {
  readonly name: string;
  readonly bridges: readonly LabBridge[];
  readonly lines: readonly string[];
}

export interface LabBridge {
  readonly name: string;
  readonly lines: readonly string[];
}

export interface LabCable {
  readonly ends: readonly [LabEnd, LabEnd];
  /** Of both ends. */
  readonly mtu?: number;
}

export interface LabEnd {
  readonly netns: string;
  readonly dev: string;
  /** `address 10.0.0.1/24`, `master br0`. */
  readonly options: readonly string[];
}

/** The `.k8snet` file. */
export function labText({ title, blocks, namespaces, cables, statements }: RandomLab): string {
  return [
    ...blocks.map(({ head, lines }) => `${head} {\n${indented(lines)}}\n`),
    ...namespaces.map(namespaceText),
    ...cables.map(cableText),
    `scenario "${title}" {\n${indented(statements)}}\n`,
  ].join("\n");
}

function namespaceText({ name, bridges, lines }: LabNamespace): string {
  const inside = [
    ...bridges.map((bridge) =>
      bridge.lines.length === 0 ? `bridge ${bridge.name}` : `bridge ${bridge.name} { ${bridge.lines.join("; ")} }`,
    ),
    ...lines,
  ];
  return inside.length === 0 ? `netns ${name}\n` : `netns ${name} {\n${indented(inside)}}\n`;
}

function cableText({ ends, mtu }: LabCable): string {
  const [one, other] = ends.map(({ netns, dev, options }) => [`${netns}/${dev}`, ...options].join(" "));
  return `veth ${one} <-> ${other}${mtu === undefined ? "" : ` { mtu ${mtu} }`}\n`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join("");
}
