import { Chance } from "../../random/chance.ts";

/** A small cluster with whatever a seed has broken, as a file: the faults that no file may declare are its scenario's. */
export function randomCluster(seed: number): string {
  return new Cluster(new Chance(seed)).text();
}

const podsPerNode = [
  [5, 1],
  [4, 2],
  [1, 4],
] as const;

class Cluster {
  readonly #chance: Chance;
  readonly #cni: string;
  readonly #pods: readonly number[];
  readonly #isRange: boolean;
  /** Without a default route Calico's pods get no answer from their node. */
  readonly #hasRouter: boolean;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#cni = chance.pick(["bridge", "host-gw", "host-gw", "vxlan", "vxlan", "routed", "routed"]);
    const nodes = chance.between(1, 3);
    this.#pods = Array.from({ length: nodes }, () => chance.weighted(podsPerNode));
    this.#isRange = chance.is(0.15);
    this.#hasRouter = chance.is(this.#cni === "routed" ? 0.8 : 0.2);
  }

  text(): string {
    const proxy = this.#chance.pick(["iptables", "nftables", "none"]);
    const masquerade = this.#chance.pick(["on", "off"]);
    const faults = Array.from({ length: this.#chance.between(0, 3) }, () => this.#command()).filter(
      (one) => one !== "",
    );
    return [
      `cluster { cni ${this.#cni}; proxy ${proxy}; ipMasq ${masquerade} }`,
      ...this.#pods.map((pods, i) => this.#node(i + 1, pods)),
      ...(this.#isRange
        ? [
            `node worker[1..2] { address 192.168.1.21/24; ${this.#hasRouter ? "gateway 192.168.1.1; " : ""}pod app[1..2] }`,
          ]
        : []),
      ...(this.#hasRouter ? ["router gateway { address 192.168.1.1/24 }"] : []),
      "service web { clusterIP 10.96.0.10; port 80 -> 8080; selector app=web }",
      'scenario "faults" {',
      ...faults.map((line) => `  ${line}`),
      "  wait 1s",
      "}",
    ].join("\n");
  }

  #node(number: number, pods: number): string {
    const lines = [`address 192.168.1.${10 + number}/24`];
    if (this.#hasRouter) lines.push("gateway 192.168.1.1");
    if (this.#chance.is(0.2)) lines.push(this.#sysctl());
    if (this.#chance.is(0.2)) lines.push(this.#rules());
    if (this.#chance.is(0.08)) lines.push(this.#route());
    for (let pod = 1; pod <= pods; pod++) lines.push(this.#pod(number, pod));
    return `node node${number} {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`;
  }

  #pod(node: number, pod: number): string {
    const labels = this.#chance.is(0.3) ? "labels app=web; " : "";
    const extra = this.#chance.is(0.08) ? `${this.#podSetting()}; ` : "";
    return `pod p${node}${pod} { ${labels}${extra}container web { listen tcp 8080 whoami } }`;
  }

  #podSetting(): string {
    return this.#chance.pick([
      "interface eth0 { mtu 1300 }",
      "sysctl net.ipv4.conf.all.rp_filter 1",
      "sysctl net.ipv4.conf.all.arp_ignore 1",
      "sysctl net.ipv4.conf.all.arp_announce 2",
      "route blackhole 10.244.1.0/24",
      "route 10.244.0.0/16 via 192.168.1.11 onlink dev eth0",
    ]);
  }

  #sysctl(): string {
    return `sysctl ${this.#chance.pick([
      "net.ipv4.ip_forward 0",
      "net.ipv4.conf.all.rp_filter 1",
      "net.ipv4.conf.all.rp_filter 2",
      "net.bridge.bridge-nf-call-iptables 0",
      "net.ipv4.conf.all.arp_ignore 1",
      "net.ipv4.conf.all.arp_ignore 2",
      "net.ipv4.conf.all.arp_ignore 8",
      "net.ipv4.conf.all.arp_filter 1",
      "net.ipv4.conf.all.arp_announce 1",
      "net.ipv4.conf.all.proxy_arp 1",
      "net.ipv4.ip_default_ttl 1",
    ])}`;
  }

  #rules(): string {
    if (this.#chance.is(0.2)) return this.#nft();
    const [table, ...rules] = this.#chance.pick([
      ["filter", ":FORWARD DROP [0:0]"],
      ["filter", `-A FORWARD -s ${this.#address()} -j DROP`],
      ["filter", `-A FORWARD -d ${this.#block()} -j REJECT --reject-with icmp-host-prohibited`],
      ["filter", `-A INPUT -s ${this.#block()} -j DROP`],
      ["filter", `-A OUTPUT -d ${this.#address()} -j DROP`],
      ["filter", "-A FORWARD -m conntrack --ctstate INVALID -j DROP"],
      ["filter", "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", "-A INPUT -p icmp -j DROP"],
      ["filter", ":FORWARD DROP [0:0]", "-A FORWARD -m conntrack --ctstate NEW -j ACCEPT"],
      ["filter", "-A FORWARD -p icmp -m icmp --icmp-type 0 -j DROP"],
      ["filter", `-A FORWARD -p ${this.#protocol()} -s ${this.#block()} -j DROP`],
      ["filter", `-A INPUT -p ${this.#protocol()} -j DROP`],
      ["filter", `-A OUTPUT -p ${this.#protocol()} -d ${this.#address()} -j REJECT`],
      ["filter", "-A FORWARD -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j DROP"],
      ["filter", "-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT --reject-with tcp-reset"],
      ["filter", `-A FORWARD ! -p ${this.#protocol()} -d ${this.#block()} -j DROP`],
      ["filter", "-A FORWARD -p tcp -m tcp --dport 1024:65535 -j DROP"],
      ["filter", "-A FORWARD -p udp -m multiport --dports 53,8472 -j DROP"],
      ["nat", `-A POSTROUTING -p ${this.#protocol()} -d ${this.#block()} -j MASQUERADE`],
      ["nat", `-A PREROUTING -p udp -d ${this.#address()} -j DNAT --to-destination ${this.#address()}`],
      ["filter", "-A FORWARD -m physdev --physdev-is-bridged -j DROP"],
      ["filter", "-A FORWARD -i cni0 -o cni0 -j DROP"],
      ["filter", "-A FORWARD -i eth0 -j DROP"],
      ["filter", "-N MINE", `-A FORWARD -s ${this.#block()} -g MINE`, "-A MINE -p udp -j RETURN", "-A MINE -j DROP"],
      ["filter", "-A INPUT -p udp -m udp --dport 8472 -j DROP"],
      ["nat", "-A POSTROUTING -o eth0 -j MASQUERADE"],
      ["nat", "-A POSTROUTING -s 10.244.0.0/16 -j MASQUERADE"],
      ["nat", `-A POSTROUTING -d ${this.#block()} -j SNAT --to-source 192.168.1.11`],
      ["nat", `-A PREROUTING -d ${this.#address()} -j DNAT --to-destination ${this.#address()}`],
      ["mangle", "-A PREROUTING -p icmp -j MARK --set-xmark 0x7/0xffffffff", "-A FORWARD -m mark --mark 0x7 -j DROP"],
      ["raw", `-A PREROUTING -s ${this.#block()} -j NOTRACK`],
      ["raw", `-A OUTPUT -d ${this.#block()} -j DROP`],
    ]);
    const chains = rules.filter((line) => line.startsWith("-N ")).map((line) => `:${line.slice(3)} - [0:0]`);
    const lines = [...chains, ...rules.filter((line) => !line.startsWith("-N "))];
    return `iptables-restore """\n    *${table}\n    ${lines.join("\n    ")}\n    COMMIT\n  """`;
  }

  #nft(): string {
    const rule = this.#chance.pick([
      ["forward", `ip saddr ${this.#block()} drop`],
      ["forward", `ip daddr { ${this.#address()}, ${this.#block()} } drop`],
      ["forward", "ct state invalid drop"],
      ["forward", 'iifname "cni0" oifname "cni0" drop'],
      ["input", `ip saddr ${this.#address()} reject`],
      ["output", "icmp type echo-reply drop"],
      ["forward", `meta l4proto ${this.#protocol()} ip saddr ${this.#block()} drop`],
      ["forward", "meta l4proto { tcp, udp } drop"],
      ["input", `ip protocol ${this.#protocol()} reject`],
      ["forward", "tcp dport 1024-65535 reject with tcp reset"],
      ["forward", "udp dport != 53 drop"],
    ]);
    const head = `type filter hook ${rule[0]} priority 0; policy accept;`;
    return `nft """\n    table ip mine {\n      chain here {\n        ${head}\n        ${rule[1]}\n      }\n    }\n  """`;
  }

  #protocol(): string {
    return this.#chance.pick(["tcp", "udp", "icmp"]);
  }

  #route(): string {
    return this.#chance.pick([
      `route blackhole ${this.#block()} metric 5`,
      `route unreachable ${this.#address()}`,
      `route ${this.#address()} via 192.168.1.${this.#chance.between(11, 13)} dev eth0`,
      `rule from ${this.#block()} lookup 100 pref 100; route blackhole default table 100`,
    ]);
  }

  #command(): string {
    const node = `node${this.#chance.between(1, this.#pods.length)}`;
    const [one, other] = [this.#podName(), this.#podName()];
    const uplink = this.#pods.length + (this.#isRange ? 3 : 0) > 0 ? "eth0" : "lo";
    const tunnel = this.#cni === "vxlan" && this.#pods.length > 1;
    return this.#chance.pick([
      `ip -n ${one} addr add ${this.#address()}/24 dev eth0`,
      `ip -n ${node} addr add ${this.#address()}/32 dev lo`,
      `ip -n ${one} link set eth0 down`,
      `ip -n ${node} link set ${uplink} down`,
      `ip -n ${node} link set ${uplink} mtu 1300`,
      `ip -n ${one} link set eth0 address 02:00:00:00:00:0${this.#chance.between(1, 3)}`,
      `ip -n ${one} route del default`,
      `ip -n ${node} route add blackhole ${this.#address()}`,
      `ip -n ${node} route add ${this.#block()} via 192.168.1.${this.#chance.between(11, 13)} metric 0`,
      `ip -n ${node} neigh replace 192.168.1.${this.#chance.between(11, 13)} lladdr 02:00:00:00:00:07 dev ${uplink}`,
      `ip -n ${one} neigh replace ${this.#address()} lladdr 02:00:00:00:00:07 dev eth0`,
      `ip -n ${other} addr add 192.168.1.11/32 dev lo`,
      `ip -n ${node} rule add from ${this.#block()} lookup 100`,
      `ip -n ${node} rule add to ${this.#block()} iif eth0 lookup 254 pref 10`,
      tunnel ? `ip -n ${node} link set flannel.1 down` : `sysctl ${node} net.ipv4.ip_forward=0`,
      tunnel
        ? `ip -n ${node} link set flannel.1 address 02:00:00:00:00:09`
        : `sysctl ${node} net.ipv4.conf.all.rp_filter=1`,
      `iptables -n ${node} -P FORWARD DROP`,
      `iptables -n ${node} -I FORWARD 1 -s ${this.#address()} -d ${this.#address()} -j DROP`,
    ]);
  }

  #podName(): string {
    const node = this.#chance.between(1, this.#pods.length);
    return `p${node}${this.#chance.between(1, this.#pods[node - 1])}`;
  }

  #block(): string {
    return `10.244.${this.#chance.between(0, this.#pods.length)}.0/24`;
  }

  /** Of a pod, mostly. */
  #address(): string {
    return `10.244.${this.#chance.between(0, this.#pods.length)}.${this.#chance.between(2, 4)}`;
  }
}
