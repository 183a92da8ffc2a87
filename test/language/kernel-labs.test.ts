import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import type { NetworkPlan } from "../../src/plan/plan.ts";
import { formatIpv4, formatPrefix } from "../../src/wire/ipv4-address.ts";
import { formatMac } from "../../src/wire/mac-address.ts";

/** A lab must build the very topology that was recorded on the real kernel, and do the same things at the same times. */

interface Interface {
  type: string;
  mac: string;
  mtu: number;
  addresses: string[];
  master?: string;
}

interface Host {
  role: string;
  sysctl: Record<string, number>;
  interfaces: Record<string, Interface>;
  routes: string[];
  servers: { proto: string; ip: string; port: number }[];
}

interface Topology {
  hosts: Record<string, Host>;
  cables: [string, string][];
}

/** What a plan sets up, in the words of the recordings. */
function topologyOf(plan: NetworkPlan): Topology {
  const hosts: Record<string, Host> = {};
  const cables: [string, string][] = [];
  const device = (netns: string, dev: string) => hosts[netns].interfaces[dev];
  const add = (netns: string, dev: string, type: string, mac = 0) => {
    hosts[netns].interfaces[dev] = { type, mac: formatMac(mac), mtu: 1500, addresses: [] };
  };
  for (const command of plan.setUp()) {
    switch (command.do) {
      case "netns add":
        hosts[command.netns] = { role: command.role, sysctl: {}, interfaces: {}, routes: [], servers: [] };
        break;
      case "sysctl":
        hosts[command.netns].sysctl[command.key] = command.value;
        break;
      case "bridge add":
        add(command.netns, command.dev, "bridge", command.mac);
        break;
      case "veth add":
        add(command.netns, command.dev, "veth", command.mac);
        add(command.peerNetns, command.peerDev, "veth", command.peerMac);
        cables.push([`${command.netns}/${command.dev}`, `${command.peerNetns}/${command.peerDev}`]);
        break;
      case "addr add":
        device(command.netns, command.dev).addresses.push(formatPrefix(command.prefix));
        break;
      case "link set":
        if (command.master) device(command.netns, command.dev).master = command.master;
        break;
      case "route add":
        hosts[command.netns].routes.push(`default via ${formatIpv4(command.via ?? 0)} dev ${command.dev}`);
        break;
      case "listen":
        hosts[command.netns].servers.push({
          proto: command.protocol,
          ip: formatIpv4(command.address),
          port: command.port,
        });
    }
  }
  return { hosts, cables };
}

/** What a scenario does, as far as the recordings say it. */
function actionsOf(plan: NetworkPlan): object[] {
  return plan.scenarios[0].statements.flatMap((statement): object[] => {
    const at = Math.round((statement.atNs ?? 0) / 1e6) / 1e3;
    switch (statement.do) {
      case "ping": {
        const { netns: from, destination, identifier, count, timeoutNs } = statement;
        return [
          { do: "ping", from, dst: formatIpv4(destination), at, id: identifier, count, timeout: timeoutNs / 1e9 },
        ];
      }
      case "udp":
      case "tcp": {
        const { do: program, netns: from, destination, port, sourcePort: sport } = statement;
        const burst = statement.do === "udp" ? { count: statement.count } : {};
        return [{ do: program, from, dst: formatIpv4(destination as number), port, sport, at, ...burst }];
      }
      case "wait":
        return [{ do: "wait", at, seconds: statement.durationNs / 1e9 }];
      case "configure":
        return [{ do: "run", at }];
      default:
        return [];
    }
  });
}

interface RecordedAction {
  do: string;
  from: string;
  dst: string;
  port: number;
  sport: number;
  at: number;
  args?: string[];
  count?: number;
  seconds?: number;
}

function recordedAction({
  do: program,
  from,
  dst,
  port,
  sport,
  at,
  args = [],
  count = 1,
  seconds,
}: RecordedAction): object {
  const time = Math.round(at * 1e3) / 1e3;
  const option = (name: string) => Number(args.find((word) => word.startsWith(name))?.slice(name.length));
  switch (program) {
    case "ping":
      return { do: "ping", from, dst, at: time, id: Number(args[1]), count: option("-c"), timeout: option("-W") };
    case "udp":
      return { do: program, from, dst, port, sport, at: time, count };
    case "tcp":
      return { do: program, from, dst, port, sport, at: time };
    case "wait":
      return { do: "wait", at: time, seconds };
    default:
      return { do: "run", at: time };
  }
}

const names = [
  "01-same-node-cold",
  "02-same-node-warm",
  "03-flood-vs-forward",
  "04-no-such-pod",
  "05-loopback",
  "06-pod-and-node",
  "16-closed-ports",
];

describe.each(names)("%s", (name) => {
  const recorded = (file: string) => JSON.parse(readFileSync(`test/captures/kernel/${name}/${file}`, "utf8"));
  const { plan } = compileSync(readFileSync(`test/labs/kernel/${name}.k8snet`, "utf8"), `${name}.k8snet`);

  test("builds the topology that was recorded", () => {
    const { hosts, cables } = recorded("topology.json") as Topology;
    const built = topologyOf(plan);
    expect(built.cables).toEqual(cables);
    expect(Object.keys(built.hosts)).toEqual(Object.keys(hosts));
    for (const [host, expected] of Object.entries(hosts)) {
      const { role, sysctl, interfaces, routes, servers } = expected;
      expect(built.hosts[host]).toEqual({ role, sysctl, interfaces, routes, servers });
    }
  });

  test("does what was done, when it was done", () => {
    expect(actionsOf(plan)).toEqual((recorded("actions.json") as RecordedAction[]).map(recordedAction));
  });
});
