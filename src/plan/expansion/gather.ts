import type { Ipv4Prefix } from "../../wire/ipv4-address.ts";
import type { MacAddress } from "../../wire/mac-address.ts";
import type {
  BridgeAdd,
  FdbCommand,
  HubAdd,
  IptablesRestore,
  Listen,
  NetnsAdd,
  NftScript,
  SetUpCommand,
  StationAdd,
  VxlanAdd,
} from "../commands.ts";
import { shellForm } from "../shell/commands.ts";
import { NamespaceNames } from "../shell/namespace-names.ts";

/** A device, with all that the set-up does to it. */
export interface Device {
  readonly netns: string;
  readonly dev: string;
  readonly made: "veth" | "station" | BridgeAdd | VxlanAdd;
  mac?: MacAddress;
  readonly addresses: Ipv4Prefix[];
  mtu?: number;
  master?: string;
  up: boolean;
  hairpin?: boolean;
  readonly vteps: FdbCommand[];
}

/** A namespace, with what is inside. Lines stand as they do in the language. */
export interface Machine {
  readonly added: NetnsAdd;
  readonly devices: Device[];
  /** The last value of each. */
  readonly sysctls: Map<string, number>;
  /** Routes, rules and neighbours. */
  readonly lines: string[];
  readonly sets: string[];
  readonly ruleSets: (IptablesRestore | NftScript)[];
  readonly listeners: Listen[];
}

/** A plan's set-up by who it is about, in its order. */
export interface Gathered {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly cables: readonly (readonly [Device, Device])[];
  readonly hubs: readonly {
    readonly hub: HubAdd;
    readonly stations: { readonly device: Device; readonly card: StationAdd }[];
  }[];
  /** What the low level has no words for. */
  readonly left: readonly { readonly message: string; readonly command: SetUpCommand }[];
}

export function gather(commands: Iterable<SetUpCommand>): Gathered {
  const gatherer = new Gatherer();
  for (const command of commands) gatherer.take(command);
  return gatherer;
}

class Gatherer implements Gathered {
  readonly machines = new Map<string, Machine>();
  readonly cables: [Device, Device][] = [];
  readonly hubs: { hub: HubAdd; stations: { device: Device; card: StationAdd }[] }[] = [];
  readonly left: { message: string; command: SetUpCommand }[] = [];
  readonly #devices = new Map<string, Device>();
  readonly #names = new NamespaceNames("");

  take(command: SetUpCommand): void {
    if (command.do === "node add") return;
    if (command.do === "hub add") return void this.hubs.push({ hub: command, stations: [] });
    if (command.do === "netns add") {
      const lists = {
        devices: [],
        sysctls: new Map<string, number>(),
        lines: [],
        sets: [],
        ruleSets: [],
        listeners: [],
      };
      this.machines.set(command.netns, { added: command, ...lists });
      return;
    }
    const machine = this.machines.get(command.netns);
    if (machine === undefined) return this.#leave(command, `${command.netns} is not there`);
    this.#takeInside(machine, command);
  }

  #takeInside(machine: Machine, command: Exclude<SetUpCommand, { do: "node add" | "hub add" | "netns add" }>): void {
    const device =
      "dev" in command && command.dev !== undefined ? this.#devices.get(`${command.netns}/${command.dev}`) : undefined;
    switch (command.do) {
      case "veth add": {
        const near = this.#device(command.netns, command.dev, "veth", command.mac);
        const far = this.#device(command.peerNetns, command.peerDev, "veth", command.peerMac);
        return void this.cables.push([near, far]);
      }
      case "station add": {
        const card = this.#device(command.netns, command.dev, "station", command.mac);
        this.hubs.find(({ hub }) => hub.hub === command.hub)?.stations.push({ device: card, card: command });
        return;
      }
      case "bridge add":
      case "vxlan add":
        return void this.#device(command.netns, command.dev, command, command.mac);
      case "addr add":
        return device === undefined
          ? this.#leave(command, `an address of ${command.dev}`)
          : void device.addresses.push(command.prefix);
      case "link set":
        return device === undefined ? undefined : setLink(device, command);
      case "fdb add":
      case "fdb append":
        return command.self && device
          ? void device.vteps.push(command)
          : this.#leave(command, "an entry of a bridge's own table");
      case "sysctl":
        return void machine.sysctls.set(command.key, command.value);
      case "route add":
      case "rule add":
      case "neigh add":
        return void machine.lines.push(`${command.do.split(" ")[0]} ${this.#words(command).slice(5).join(" ")}`);
      case "ipset":
        return void machine.sets.push(
          ...shellForm(command, this.#names).commands.map(({ argv }) => argv.slice(4).join(" ")),
        );
      case "iptables-restore":
      case "nft":
        return void machine.ruleSets.push(command);
      case "listen":
        if (command.program === "dns" || command.program === "ingress")
          this.#leave(command, `a server of kind ${command.program}`);
        return void machine.listeners.push(command);
      default:
        return this.#leave(command, `"${command.do}"`);
    }
  }

  /** `ip -n NAMESPACE OBJECT add …` */
  #words(command: SetUpCommand): readonly string[] {
    return shellForm(command, this.#names).commands[0].argv;
  }

  #device(netns: string, dev: string, made: Device["made"], mac: MacAddress | undefined): Device {
    const device: Device = { netns, dev, made, mac, addresses: [], up: false, vteps: [] };
    this.#devices.set(`${netns}/${dev}`, device);
    this.machines.get(netns)?.devices.push(device);
    return device;
  }

  #leave(command: SetUpCommand, what: string): void {
    this.left.push({ command, message: `The low level has no words for ${what}.` });
  }
}

function setLink(device: Device, command: Extract<SetUpCommand, { do: "link set" }>): void {
  const { mtu, mac, master, up, hairpin } = command;
  device.mtu = mtu ?? device.mtu;
  device.mac = mac ?? device.mac;
  device.master = master ?? device.master;
  device.hairpin = hairpin ?? device.hairpin;
  device.up = up ?? device.up;
}
