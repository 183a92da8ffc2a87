import { deviceKind } from "../../linux/devices.ts";
import type { World } from "../../linux/world.ts";
import type { ModelRows } from "../model/tree-rows.ts";
import { deviceName } from "../names.ts";
import type { ChangeMark, TreeRow } from "../protocol.ts";
import { ChangeMarks } from "./change-marks.ts";
import { connectionRows } from "./connections.ts";
import { devicesOf, findDeviceByPath, findHub, findNetns, findNode } from "./find.ts";
import { resolvConfRows } from "./resolv-conf.ts";
import { ruleRows, ruleTables } from "./rules.ts";
import { shownAddress, shownDevice, shownNetns, shownNode } from "./shown-machines.ts";
import { deviceId, known, type ShownRow } from "./shown-row.ts";
import { shownHub } from "./shown-stations.ts";
import { stepChanges } from "./step-changes.ts";
import {
  arpRows,
  fdbRows,
  portRows,
  routeRows,
  socketRows,
  stationRows,
  sysctlRows,
  type TableRows,
  vtepRows,
} from "./tables.ts";
import { deviceProperties, deviceTables, netnsTables, type TableItem } from "./tree-items.ts";

/** In worlds of at most so many namespaces they are open at first, and so are their bridges. */
const openNamespaces = 8;
const openNodes = 4;

/** One row of the tree before it has its mark. */
type Item = Omit<TreeRow, "change"> & { readonly change?: ChangeMark };

/** The children of one row: how many there are, and those that were asked for. */
interface Listing {
  readonly total: number;
  items(limit: number): readonly Item[];
}

/**
 * Nodes, their namespaces, and what is in these, as a tree that is made as far as it is looked at. Rows say what was
 * done to them last. It reads the world and keeps nothing, so it looks the same whenever the world is the same.
 */
export class StateTree {
  private readonly world: World;
  private readonly model: ModelRows | undefined;

  constructor(world: World, model?: ModelRows) {
    this.world = world;
    this.model = model;
  }

  /**
   * The children of a row, `""` for the roots: at most `limit`, then one of kind `more`. Empty for a row that is gone.
   * Marks say what changed since the world stood at position `since`: before the last event, if that is not given.
   */
  children(parentId: string, limit: number, since?: number): TreeRow[] {
    const { world } = this;
    const { position } = world.sim;
    const marks = new ChangeMarks(stepChanges(world, since ?? position - 1, position));
    const listing = this.list(parentId, marks);
    const rows = listing.items(limit).map((item) => withMark(item, marks.of(item.id)));
    for (const row of marks.removedFrom(parentId)) rows.push(removedRow(row));
    if (listing.total > limit) rows.push(moreRow(parentId, listing.total - limit, marks, rows));
    return rows;
  }

  private list(parentId: string, marks: ChangeMarks): Listing {
    const { world } = this;
    if (parentId === "") return this.roots();
    const colon = parentId.indexOf(":");
    const name = parentId.slice(colon + 1);
    switch (parentId.slice(0, colon)) {
      case "model":
        return listed(this.model?.reasons() ?? []);
      case "node":
        return this.node(findNode(world, name));
      case "hub":
        return table(stationRows(world, findHub(world, name)));
      case "netns":
        return this.netns(findNetns(world, name), marks);
      case "dev":
        return this.device(findDeviceByPath(world, name), marks);
      case "fdb":
        return this.fdb(findDeviceByPath(world, name));
      case "ports":
        return table(portRows(world, findDeviceByPath(world, name)));
      case "arp":
        return table(arpRows(world, findNetns(world, name)));
      case "routes":
        return table(routeRows(world, findNetns(world, name)));
      case "rules":
        return this.rules(name);
      case "connections":
        return table(connectionRows(world, findNetns(world, name)));
      case "sockets":
        return table(socketRows(world, findNetns(world, name)));
      case "resolvconf":
        return table(resolvConfRows(world, findNetns(world, name)));
      case "sysctls":
        return table(sysctlRows(world, findNetns(world, name)));
      default:
        return nothing;
    }
  }

  private fdb(device: number): Listing {
    const isVxlan = device !== 0 && this.world.vxlans.ofDevice(device) !== 0;
    return table(isVxlan ? vtepRows(this.world, device) : fdbRows(this.world, device));
  }

  /** `node1/nat`. */
  private rules(path: string): Listing {
    const slash = path.lastIndexOf("/");
    const netns = findNetns(this.world, path.slice(0, slash));
    const tableName = ruleTables(this.world, netns).find((name) => name === path.slice(slash + 1));
    return tableName === undefined ? nothing : table(ruleRows(this.world, netns, tableName));
  }

  /** Hubs, nodes, then the namespaces that are on none, and the networking model. */
  private roots(): Listing {
    const { world } = this;
    const { hubs, nodes, namespaces } = world;
    const loose = namespaces.ofNode(0);
    const open = nodes.table.size <= openNodes;
    return {
      total: hubs.table.size + nodes.table.size + loose.length + (this.model === undefined ? 0 : 1),
      items: (limit) => {
        const items = take(hubs.table.rows(), limit).map((row) => expandable(shownHub(world, row), true));
        for (const row of take(nodes.table.rows(), limit - items.length))
          items.push(expandable(shownNode(world, row), open));
        const rows = [...items, ...loose.slice(0, limit - items.length).map((row) => this.netnsItem(row))];
        return this.model === undefined || rows.length >= limit ? rows : [...rows, this.model.root()];
      },
    };
  }

  private node(node: number): Listing {
    if (node === 0) return nothing;
    const rows = this.world.namespaces.ofNode(node);
    return { total: rows.length, items: (limit) => rows.slice(0, limit).map((row) => this.netnsItem(row)) };
  }

  private netnsItem(netns: number): Item {
    return expandable(shownNetns(this.world, netns), this.isSmall);
  }

  /** The tables come first, since a node can have a thousand interfaces. */
  private netns(netns: number, marks: ChangeMarks): Listing {
    if (netns === 0) return nothing;
    const { world } = this;
    const tables = netnsTables(world, netns);
    const devices = [...devicesOf(world, netns)];
    return {
      total: tables.length + devices.length,
      items: (limit) => {
        const items = tables.slice(0, limit).map((table) => tableItem(table, marks));
        return [...items, ...devices.slice(0, limit - items.length).map((device) => this.deviceItem(device))];
      },
    };
  }

  private deviceItem(device: number): Item {
    const isBridge = this.world.devices.kind.get(device) === deviceKind.bridge;
    return expandable(shownDevice(this.world, device), isBridge && this.isSmall);
  }

  private device(device: number, marks: ChangeMarks): Listing {
    if (device === 0) return nothing;
    const { world } = this;
    const items = [
      ...deviceTables(world, device).map((table) => tableItem(table, marks)),
      ...world.addresses.ofDevice(device).map((row) => leaf(shownAddress(world, row))),
      ...deviceProperties(world, device).map(([name, value]) => this.propertyItem(device, name, value, marks)),
    ];
    return { total: items.length, items: (limit) => items.slice(0, limit) };
  }

  private propertyItem(device: number, name: string, value: string, marks: ChangeMarks): Item {
    const path = deviceName(this.world, device);
    return {
      id: `link:${path}/${name}`,
      kind: "row",
      icon: "symbol-property",
      label: name,
      description: value,
      expandable: false,
      open: false,
      source: known(this.world.devices.source.get(device)),
      change: marks.ofField(deviceId(path), name),
    };
  }

  private get isSmall(): boolean {
    return this.world.namespaces.table.size <= openNamespaces;
  }
}

const nothing: Listing = { total: 0, items: () => [] };

function listed(rows: readonly TreeRow[]): Listing {
  return { total: rows.length, items: (limit) => rows.slice(0, limit) };
}

function table({ count, first }: Omit<TableRows, "keys">): Listing {
  return { total: count, items: (limit) => first(limit).map(leaf) };
}

function take<Value>(values: Iterable<Value>, limit: number): Value[] {
  const taken: Value[] = [];
  if (limit <= 0) return taken;
  for (const value of values) {
    taken.push(value);
    if (taken.length >= limit) break;
  }
  return taken;
}

function withMark(item: Item, mark: ChangeMark | undefined): TreeRow {
  return mark === undefined ? item : { ...item, change: mark };
}

function toItem({ id, kind, icon, label, description, source }: ShownRow): Omit<Item, "expandable" | "open"> {
  return { id, kind, icon, label, description, source };
}

function expandable(row: ShownRow, open: boolean): Item {
  return { ...toItem(row), expandable: true, open };
}

function leaf(row: ShownRow): Item {
  return { ...toItem(row), expandable: false, open: false };
}

/** An empty table opens only to show what was just removed from it. */
function tableItem({ isEmpty, ...table }: TableItem, marks: ChangeMarks): Item {
  return { ...table, kind: "table", expandable: !isEmpty || marks.removedFrom(table.id).length > 0 };
}

/** What is gone is shown where it was, until the next event. */
function removedRow(row: ShownRow): TreeRow {
  return { ...leaf(row), change: "removed" };
}

function moreRow(parentId: string, hidden: number, marks: ChangeMarks, shown: readonly TreeRow[]): TreeRow {
  const ids = new Set(shown.map((row) => row.id));
  return {
    id: `more:${parentId}`,
    kind: "more",
    icon: "ellipsis",
    label: `${hidden} more`,
    description: "",
    expandable: false,
    open: false,
    ...(marks.hasHidden(parentId, ids) && { change: "updated" as const }),
  };
}
