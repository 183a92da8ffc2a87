import type { SourceRange } from "../../base/source-range.ts";
import type { World } from "../../linux/world.ts";
import { RouteDocument, routeLine, routeLines } from "./route-document.ts";

const ending = ".ip-route";

/** The routes of each namespace as documents. Where routes change, another document begins, as with rules. */
export class RouteDocuments {
  private readonly world: World;
  private readonly scheme: string;
  private readonly byUri = new Map<string, RouteDocument>();
  private readonly latest = new Map<number, { readonly position: number; readonly document: RouteDocument }>();

  constructor(world: World, scheme: string) {
    this.world = world;
    this.scheme = scheme;
  }

  /** The line of a route in the routes of its namespace as they are now. */
  rangeOf(row: number): SourceRange | undefined {
    const netns = this.world.routes.netns.get(row);
    return this.ofNetns(netns)?.rangeOf(routeLine(this.world, row));
  }

  find(uri: string): RouteDocument | undefined {
    const known = this.byUri.get(uri);
    if (known !== undefined || !uri.endsWith(ending)) return known;
    for (const netns of this.world.namespaces.table.rows())
      if (uri === this.uriOf(netns, 1)) return this.ofNetns(netns);
    return undefined;
  }

  /** Those of machines: a pod's few are found by their names, and lists have an end. */
  list(): readonly RouteDocument[] {
    const { namespaces } = this.world;
    const machines = [...namespaces.table.rows()].filter((netns) => namespaces.role.get(netns) !== "pod");
    return machines.flatMap((netns) => this.ofNetns(netns) ?? []);
  }

  private ofNetns(netns: number): RouteDocument | undefined {
    const { position } = this.world.sim;
    const known = this.latest.get(netns);
    if (known !== undefined && known.position === position) return known.document;
    const lines = routeLines(this.world, netns);
    if (lines.length === 0) return undefined;
    const document = this.named(netns, (uri) => new RouteDocument(uri, this.world.namespaces.name.get(netns), lines));
    this.latest.set(netns, { position, document });
    return document;
  }

  /** A document that says the same keeps its name: the world may have gone back to it. */
  private named(netns: number, make: (uri: string) => RouteDocument): RouteDocument {
    for (let version = 1; ; version++) {
      const made = make(this.uriOf(netns, version));
      const known = this.byUri.get(made.uri);
      if (known !== undefined && known.text !== made.text) continue;
      if (known === undefined) this.byUri.set(made.uri, made);
      return known ?? made;
    }
  }

  /** `k8snet:/node1.ip-route`; `k8snet:/node1.2.ip-route` after the routes changed. */
  private uriOf(netns: number, version: number): string {
    const name = this.world.namespaces.name.get(netns);
    return `${this.scheme}/${name}${version === 1 ? "" : `.${version}`}${ending}`;
  }
}
