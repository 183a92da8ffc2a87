import type { Chance } from "./chance.ts";
import type { LabBlock, RandomLab } from "./random-lab.ts";

/** A small cluster in the high-level form: nodes, pods, Services, perhaps a host outside, and what pods ask of each other. */
export function generateClusterLab(title: string, chance: Chance): RandomLab {
  return new ClusterDrawing(chance).draw(title);
}

interface Pod {
  readonly name: string;
  readonly address: string;
  readonly node: number;
}

interface Service {
  readonly name: string;
  readonly address: string;
  readonly nodePort: number | undefined;
}

const portOf = { tcp: 8080, udp: 9000, sink: 9001 } as const;

class ClusterDrawing {
  private readonly chance: Chance;
  private readonly nodes: number;
  private readonly pods: Pod[] = [];
  private readonly services: Service[] = [];
  private readonly hasHost: boolean;
  /** Pods whose link a statement has put down. */
  private readonly down: Pod[] = [];

  constructor(chance: Chance) {
    this.chance = chance;
    this.nodes = chance.weighted([
      [4, 1],
      [4, 2],
      [1, 3],
    ]);
    this.hasHost = chance.is(0.5);
  }

  draw(title: string): RandomLab {
    const { chance } = this;
    const cni = this.nodes === 1 ? "bridge" : chance.pick(["host-gw", "vxlan", "routed"]);
    const proxy = chance.pick(["iptables", "iptables", "nftables"]);
    const cluster = { head: "cluster", lines: [`cni ${cni}`, "serviceCIDR 10.96.0.0/16", `proxy ${proxy}`] };
    const nodes = Array.from({ length: this.nodes }, (_, index) => this.node(index + 1, cni));
    const host = { head: "host outside", lines: ["address 192.168.1.100/24", `container c { ${listeners} }`] };
    const services = Array.from({ length: chance.between(1, 2) }, (_, index) => this.service(index + 1));
    const statements = Array.from({ length: chance.between(3, 7) }, () => this.statement());
    const blocks = [cluster, ...nodes, ...(this.hasHost ? [host] : []), ...services];
    return { title, blocks, namespaces: [], cables: [], statements };
  }

  private node(number: number, cni: string): LabBlock {
    const { chance } = this;
    const base = `10.244.${number}`;
    const count = chance.between(1, this.nodes === 1 ? 4 : 2);
    const pods = Array.from({ length: count }, (_, index) => {
      const name = `p${number}${index + 1}`;
      // The bridge has the first address of the block, where there is a bridge.
      const address = `${base}.${index + 10}`;
      this.pods.push({ name, address, node: number });
      const listening = chance.is(0.8) ? `container c { ${listeners} }` : "container c";
      const ready = chance.is(0.1) ? "; ready false" : "";
      return `pod ${name} { address ${address}; labels app=${chance.pick(["a", "a", "b"])}${ready}; ${listening} }`;
    });
    const hasBridge = cni !== "routed";
    return {
      head: `node n${number}`,
      lines: [
        ...(this.nodes > 1 || this.hasHost ? [`address 192.168.1.1${number}/24`] : []),
        // Without a default route a node does not answer for the gateway of routed pods.
        ...(cni === "routed" && chance.is(0.8) ? ["gateway 192.168.1.254"] : []),
        `podCIDR ${base}.0/24`,
        ...(hasBridge && chance.is(0.15) ? ["sysctl net.bridge.bridge-nf-call-iptables 0"] : []),
        ...(chance.is(0.1) ? ["sysctl net.ipv4.conf.all.rp_filter 1"] : []),
        ...pods,
      ],
    };
  }

  private service(number: number): LabBlock {
    const { chance } = this;
    const isUdp = chance.is(0.25);
    const type = chance.weighted([
      [5, "ClusterIP"],
      [4, "NodePort"],
    ]);
    const service: Service = {
      name: `s${number}${isUdp ? "u" : "t"}`,
      address: `10.96.0.1${number}`,
      nodePort: type === "NodePort" ? 30_080 + number : undefined,
    };
    this.services.push(service);
    const port = isUdp ? `port ${portOf.udp} udp` : `port 80 -> ${portOf.tcp}`;
    return {
      head: `service ${service.name}`,
      lines: [
        `clusterIP ${service.address}`,
        ...(type === "NodePort" ? [`type NodePort`] : []),
        `${port}${service.nodePort === undefined ? "" : ` nodePort ${service.nodePort}`}`,
        `selector app=${chance.pick(["a", "a", "b", "c"])}`,
        ...(chance.is(0.2) ? ["sessionAffinity ClientIP"] : []),
        ...(type === "NodePort" && chance.is(0.3) ? ["externalTrafficPolicy Local"] : []),
        ...(chance.is(0.1) ? ["internalTrafficPolicy Local"] : []),
      ],
    };
  }

  private statement(): string {
    const { chance } = this;
    if (this.down.length > 0 && chance.is(0.5)) return this.link("up", this.down.splice(0, 1)[0]);
    return chance.weighted<() => string>([
      [8, () => `ping ${this.client()} -> ${this.target()} timeout 1s`],
      [12, () => this.toService()],
      [3, () => `curl ${this.client()} -> http://${this.target()}:${portOf.tcp}/ timeout 1500ms`],
      [3, () => `udp ${this.client()} -> ${this.target()}:${chance.pick([portOf.udp, 9])} timeout 1s`],
      [2, () => `tcp ${this.client()} -> ${this.target()}:${portOf.sink} payload "yyy" timeout 1500ms`],
      [2, () => this.link("down", chance.pick(this.pods))],
      [1, () => `sysctl n${chance.between(1, this.nodes)} net.ipv4.ip_forward ${chance.pick([0, 1])}`],
      [1, () => `wait ${chance.pick(["1s", "5500ms"])}`],
    ])();
  }

  private toService(): string {
    const { chance } = this;
    const { address, name, nodePort } = chance.pick(this.services);
    const verb = name.endsWith("u") ? "udp" : chance.pick(["curl", "curl", "tcp"]);
    const [host, port] =
      nodePort !== undefined && chance.is(0.5)
        ? [this.nodeAddress(chance.between(1, this.nodes)), nodePort]
        : [address, verb === "udp" ? portOf.udp : 80];
    if (verb === "curl") return `curl ${this.client()} -> http://${host}:${port}/ timeout 1500ms`;
    return `${verb} ${this.client()} -> ${host}:${port}${verb === "tcp" ? ' payload "yyy"' : ""} timeout 1500ms`;
  }

  private nodeAddress(number: number): string {
    return this.nodes > 1 || this.hasHost ? `192.168.1.1${number}` : `10.244.${number}.1`;
  }

  private link(state: "up" | "down", pod: Pod): string {
    if (state === "down") this.down.push(pod);
    return `ip -n ${pod.name} link set eth0 ${state}`;
  }

  private client(): string {
    const { chance } = this;
    return chance.weighted<() => string>([
      [12, () => chance.pick(this.pods).name],
      [2, () => `n${chance.between(1, this.nodes)}`],
      [2, () => (this.hasHost ? "outside" : chance.pick(this.pods).name)],
    ])();
  }

  private target(): string {
    const { chance } = this;
    return chance.weighted<() => string>([
      [10, () => chance.pick(this.pods).address],
      [2, () => this.nodeAddress(chance.between(1, this.nodes))],
      [1, () => "10.244.1.77"],
      [1, () => (this.hasHost ? "192.168.1.100" : chance.pick(this.pods).address)],
    ])();
  }
}

const listeners = [
  `listen tcp ${portOf.tcp} whoami`,
  `listen udp ${portOf.udp} echo`,
  `listen tcp ${portOf.sink} sink`,
].join("; ");
