import type { Addressing } from "./addressing.ts";
import type { Chance } from "./chance.ts";
import { drawRuleCommand } from "./policy.ts";
import { drawSysctl } from "./sysctls.ts";
import type { Device, Topology } from "./topology.ts";

export interface Network {
  readonly topology: Topology;
  readonly addressing: Addressing;
}

/** 3 to 10 actions. Most of them send something; time is dear, so that waits are few. */
export function drawStatements(network: Network, chance: Chance): readonly string[] {
  const drawing = new StatementDrawing(network, chance);
  const count = chance.between(3, 10);
  return Array.from({ length: count }, () => drawing.draw());
}

class StatementDrawing {
  private readonly topology: Topology;
  private readonly addressing: Addressing;
  private readonly chance: Chance;
  /** Devices that a statement has put down. */
  private readonly down: Device[] = [];

  constructor({ topology, addressing }: Network, chance: Chance) {
    this.topology = topology;
    this.addressing = addressing;
    this.chance = chance;
  }

  draw(): string {
    const { chance } = this;
    if (this.down.length > 0 && chance.is(0.4)) return this.up();
    const draw = chance.weighted<() => string>([
      [30, () => this.ping()],
      [12, () => this.udp()],
      [8, () => this.tcp()],
      [5, () => this.curl()],
      [9, () => this.arping()],
      [7, () => this.linkDown()],
      [4, () => this.portFlag()],
      [3, () => this.rule()],
      [3, () => this.linkSet()],
      [5, () => this.neighbour()],
      [6, () => this.address()],
      [6, () => this.route()],
      [5, () => this.sysctl()],
      [1.5, () => `wait ${chance.pick(["500ms", "1s", "2s", "5500ms", "6500ms"])}`],
    ]);
    return draw();
  }

  private ping(): string {
    const { chance } = this;
    const options = [
      ...this.sometimes(0.2, () => `count ${chance.between(2, 3)} interval ${chance.pick(["200ms", "500ms"])}`),
      ...this.sometimes(
        0.25,
        () => `size ${chance.pick([0, 8, 548, 1000, 1252, 1372, 1400, 1472, 1473, 2000, 3000, 5000])}`,
      ),
      ...this.sometimes(0.15, () => `ttl ${chance.between(1, 3)}`),
      ...this.sometimes(0.3, () => "mayFragment"),
    ];
    return ["ping", this.netns(), "->", this.target(), ...options, "timeout 1s"].join(" ");
  }

  private udp(): string {
    const { chance } = this;
    const port = chance.weighted([
      [6, 9000],
      [2, 9002],
      [2, 9005],
      [2, 9],
    ]);
    const options = [
      // Time enough for a server on the same machine: which of two processes runs first is chance.
      ...this.sometimes(0.2, () => `count ${chance.between(2, 3)} gap 200ms`),
      ...this.sometimes(0.15, () => `ttl ${chance.between(1, 3)}`),
      ...this.sometimes(0.2, () => `payload "${"x".repeat(chance.pick([0, 1, 100, 1400, 1600]))}"`),
    ];
    return ["udp", this.netns(), "->", `${this.target()}:${port}`, ...options, "timeout 1s"].join(" ");
  }

  private tcp(): string {
    const { chance } = this;
    const port = chance.pick([80, 80, 9001, 9003, 9004, 9]);
    const payload = this.sometimes(0.6, () => `payload "${"y".repeat(chance.pick([1, 5, 100, 1400, 2000]))}"`);
    return ["tcp", this.netns(), "->", `${this.target()}:${port}`, ...payload, "timeout 1500ms"].join(" ");
  }

  private curl(): string {
    return `curl ${this.netns()} -> http://${this.target()}:${this.chance.pick([80, 80, 80, 81])}/ timeout 1500ms`;
  }

  private arping(): string {
    const { chance } = this;
    const device = this.device();
    if (device === undefined) return this.ping();
    const own = this.addressesOf(device);
    const mode = chance.weighted([
      [5, ""],
      [2, "announce"],
      [2, "answer"],
    ]);
    const target = mode !== "" && own.length > 0 && chance.is(0.85) ? chance.pick(own) : this.target();
    return ["arping", device.netns, "->", target, mode, "dev", device.dev, "count", chance.between(1, 2), "timeout 1s"]
      .filter((word) => word !== "")
      .join(" ");
  }

  private linkDown(): string {
    const device = this.device();
    if (device === undefined) return this.ping();
    this.down.push(device);
    return `ip -n ${device.netns} link set ${device.dev} down`;
  }

  private up(): string {
    const [device] = this.down.splice(this.chance.between(0, this.down.length - 1), 1);
    return `ip -n ${device.netns} link set ${device.dev} up`;
  }

  private linkSet(): string {
    const { chance } = this;
    const device = this.device();
    if (device === undefined) return this.ping();
    const { netns, dev, master } = device;
    if (master !== undefined && chance.is(0.4)) return `ip -n ${netns} link set ${dev} nomaster`;
    if (chance.is(0.3)) return `ip -n ${netns} link set ${dev} address 02:00:00:00:00:${chance.between(10, 99)}`;
    return `ip -n ${netns} link set ${dev} mtu ${chance.pick([68, 100, 576, 1280, 1400, 1500])}`;
  }

  private portFlag(): string {
    const { chance } = this;
    const ports = this.devices().filter(({ master }) => master !== undefined);
    if (ports.length === 0) return this.ping();
    const { netns, dev } = chance.pick(ports);
    const flag = chance.pick(["learning", "flood", "bcast_flood", "mcast_flood", "isolated"]);
    return `bridge -n ${netns} link set dev ${dev} ${flag} ${chance.pick(["on", "off"])}`;
  }

  private rule(): string {
    const netns = this.netns();
    const devices = this.devices().filter((device) => device.netns === netns);
    return drawRuleCommand(netns, devices, this.addressing, this.chance);
  }

  private neighbour(): string {
    const { chance } = this;
    const device = this.device();
    if (device === undefined) return this.ping();
    const about = `${this.target()} dev ${device.dev}`;
    if (chance.is(0.4)) return `ip -n ${device.netns} neigh del ${about}`;
    const action = chance.pick(["add", "replace"]);
    return `ip -n ${device.netns} neigh ${action} ${about} lladdr 02:00:00:00:01:${chance.between(10, 99)}`;
  }

  private address(): string {
    const { chance } = this;
    const device = this.device();
    if (device === undefined) return this.ping();
    const had = this.addressing.addresses.filter(({ netns }) => netns === device.netns);
    if (had.length > 0 && chance.is(0.5)) {
      const { text, length, dev } = chance.pick(had);
      return `ip -n ${device.netns} addr del ${text}/${length} dev ${dev}`;
    }
    const subnet = chance.pick(this.addressing.subnets);
    const host = chance.pick([chance.between(2, 6), 77, 78]);
    return `ip -n ${device.netns} addr add ${subnet.base}.${host}/${chance.pick([24, subnet.length, 32])} dev ${device.dev}`;
  }

  private route(): string {
    const { chance } = this;
    const netns = this.netns();
    const destination = chance.pick(["default", ...this.addressing.subnets.map(({ text }) => text)]);
    const kind = chance.weighted([
      [3, "add"],
      [3, "replace"],
      [3, "del"],
    ]);
    if (kind === "del") return `ip -n ${netns} route del ${destination}`;
    const how = chance.weighted<() => string>([
      [4, () => `via ${this.someoneElse(netns)}`],
      [2, () => `dev ${this.device(netns)?.dev ?? "lo"}`],
    ]);
    const type = chance.is(0.2) ? `${chance.pick(["blackhole", "unreachable", "prohibit"])} ` : "";
    const metric = chance.is(0.2) ? ` metric ${chance.pick([1, 100])}` : "";
    return `ip -n ${netns} route ${kind} ${type}${destination}${type === "" ? ` ${how()}` : ""}${metric}`;
  }

  private sysctl(): string {
    const netns = this.netns();
    const devices = this.devices().filter((device) => device.netns === netns);
    return `sysctl ${netns} ${drawSysctl(devices, this.chance)}`;
  }

  private target(): string {
    const { chance } = this;
    return chance.weighted<() => string>([
      [30, () => this.someAddress()],
      [4, () => `${chance.pick(this.addressing.subnets).base}.${chance.between(100, 120)}`],
      [1, () => chance.pick(["127.0.0.1", "127.3.2.1"])],
      [1, () => "192.0.2.9"],
    ])();
  }

  private someAddress(): string {
    const { addresses, subnets } = this.addressing;
    return addresses.length === 0 ? `${subnets[0].base}.2` : this.chance.pick(addresses).text;
  }

  /** A gateway of one's own would be taken for a neighbour behind the device that has it: nobody means that. */
  private someoneElse(netns: string): string {
    const { addresses, subnets } = this.addressing;
    const own = addresses.filter((one) => one.netns === netns);
    const others = addresses.filter(({ text }) => own.every((one) => one.text !== text));
    return others.length === 0 ? `${subnets[0].base}.99` : this.chance.pick(others).text;
  }

  private addressesOf({ netns, dev }: Device): readonly string[] {
    return this.addressing.addresses.filter((one) => one.netns === netns && one.dev === dev).map(({ text }) => text);
  }

  private netns(): string {
    return this.chance.pick(this.topology.namespaces);
  }

  private devices(): readonly Device[] {
    return [...this.topology.bridges, ...this.topology.cables.flat()];
  }

  private device(netns?: string): Device | undefined {
    const devices = this.devices().filter((one) => netns === undefined || one.netns === netns);
    return devices.length === 0 ? undefined : this.chance.pick(devices);
  }

  private sometimes(probability: number, words: () => string): readonly string[] {
    return this.chance.is(probability) ? [words()] : [];
  }
}
