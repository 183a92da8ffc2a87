import type { SourceRange } from "../../base/source-range.ts";
import { mainTable } from "../../linux/routes.ts";
import type { World } from "../../linux/world.ts";
import { printRoute } from "../inspect/print.ts";
import type { GeneratedDocument } from "../protocol.ts";

/** A line of the document: the route as `ip route` prints it, and its table. */
export interface RouteLine {
  readonly text: string;
  readonly table: number;
}

/** What `ip route` prints in a namespace, and below it the other tables, as a document whose lines packets are sent by. */
export class RouteDocument implements GeneratedDocument {
  readonly uri: string;
  /** The name of the namespace whose routes they are. */
  readonly netns: string;
  readonly text: string;
  private readonly lines: readonly (RouteLine | undefined)[];

  constructor(uri: string, netns: string, lines: readonly (RouteLine | string)[]) {
    this.uri = uri;
    this.netns = netns;
    this.text = lines.map((line) => `${typeof line === "string" ? line : line.text}\n`).join("");
    this.lines = lines.map((line) => (typeof line === "string" ? undefined : line));
  }

  routeAt(line: number): RouteLine | undefined {
    return this.lines[line - 1];
  }

  canStopAt(line: number): boolean {
    return this.routeAt(line) !== undefined;
  }

  rangeOf(route: RouteLine): SourceRange | undefined {
    const index = this.lines.findIndex((line) => line !== undefined && isSame(line, route));
    return index < 0 ? undefined : this.rangeOfLine(index + 1);
  }

  rangeOfLine(line: number): SourceRange {
    const length = this.lines[line - 1]?.text.length ?? 0;
    return { uri: this.uri, line, column: 1, endLine: line, endColumn: length + 1 };
  }
}

export function routeLine(world: World, row: number): RouteLine {
  return { text: printRoute(world, row), table: world.routes.tableOf(row) };
}

export function isSame(one: RouteLine, other: RouteLine): boolean {
  return one.text === other.text && one.table === other.table;
}

/** Table main, then the others, each under what one would type to see it. */
export function routeLines(world: World, netns: number): readonly (RouteLine | string)[] {
  const lines: (RouteLine | string)[] = [];
  let table = mainTable;
  for (const row of world.routes.ofNetns(netns)) {
    const line = routeLine(world, row);
    if (line.table !== table) lines.push("", `# ip route show table ${line.table}`);
    table = line.table;
    lines.push(line);
  }
  return lines;
}
