import { describe, expect, it } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";

/** What hands change besides packets: rows and fields by their ids, with values as people write them. */

const text = labText("same-node-ping");

/** A lab after so many events. */
function labAfter(events: number): Lab {
  const lab = openText(text);
  lab.run(events);
  return lab;
}

/** Sets a value, holds the edit to the laws of the recording, and answers what is there now. */
function set(lab: Lab, data: string, value: string): string | undefined {
  const { sim } = lab.world;
  const before = digest(sim);
  const refusal = lab.hand.apply({ do: "set", data, value });
  if (refusal !== undefined) {
    expect(digest(sim), "a refusal leaves everything as it was").toBe(before);
    return `! ${refusal}`;
  }
  obeysTheLaws(lab);
  return lab.hand.valueOf(data);
}

/** Goes back over the edit and forth again. */
function obeysTheLaws(lab: Lab): void {
  const { sim } = lab.world;
  const edited = digest(sim);
  const { position } = sim;
  sim.goTo(position - 1);
  sim.goTo(position);
  expect(digest(sim), "the edit is repeated").toBe(edited);
}

describe("values that are set by hand", () => {
  it("1. ARP entries: address and state, and entries that are not there yet", () => {
    const lab = labAfter(40);
    const entry = "arp:pod1/eth0/10.244.1.9";
    expect(set(lab, `${entry}#lladdr`, "02:00:00:00:00:99")).toBe("02:00:00:00:00:99");
    expect(set(lab, `${entry}#state`, "stale")).toBe("STALE");
    expect(set(lab, `${entry}#state`, "REACHABLE")).toBe("REACHABLE");
    expect(set(lab, "arp:pod1/eth0/10.244.1.77#lladdr", "02:00:00:00:00:77")).toBe("02:00:00:00:00:77");
    expect(lab.hand.valueOf("arp:pod1/eth0/10.244.1.77#state")).toBe("PERMANENT");
  });

  it("2. an address given to an entry that is being resolved lets the packets go that wait for it", () => {
    const lab = labAfter(4);
    expect(set(lab, "arp:pod1/eth0/10.244.1.9#lladdr", "0a:58:0a:f4:01:09")).toBe("0a:58:0a:f4:01:09");
    lab.run(1_000_000);
    expect(lab.expectations().failed).toBe(0);
  });

  it("3. sysctls, links and the FDB", () => {
    const lab = labAfter(40);
    expect(set(lab, "sysctl:node1/net.ipv4.ip_forward#value", "0")).toBe("0");
    expect(set(lab, "dev:pod1/eth0#mtu", "1400")).toBe("1400");
    expect(set(lab, "dev:node1/veth1#state", "down")).toBe("DOWN");
    expect(set(lab, "fdb:node1/cbr0/0a:58:0a:f4:01:09#dev", "veth1")).toBe("veth1");
  });

  it("4. routes, but not those that the kernel made", () => {
    const lab = labAfter(1);
    const routes = [...lab.world.routes.table.rows()].length;
    const route = lab.tree("routes:pod1", 10).find(({ label }) => label === "default")?.id ?? "";
    expect(set(lab, `${route}#via`, "10.244.1.77")).toMatchInlineSnapshot(`"10.244.1.77"`);
    const own = lab.tree("routes:pod1", 10).find(({ label }) => label !== "default")?.id ?? "";
    expect(set(lab, `${own}#src`, "10.0.0.1")).toMatchInlineSnapshot(
      `"! The kernel made this route for an address of the device"`,
    );
    expect([...lab.world.routes.table.rows()]).toHaveLength(routes);
  });

  it("5. what is no such value is refused with a sentence, and the recorded future stays", () => {
    const lab = labAfter(40);
    const { sim } = lab.world;
    sim.goTo(30);
    const say = (data: string, value: string) => set(lab, data, value);
    expect(say("arp:pod1/eth0/10.244.1.9#lladdr", "pod2")).toMatchInlineSnapshot(
      `"! "pod2" is not a MAC address, such as 02:00:00:00:00:01"`,
    );
    expect(say("arp:pod1/eth0/10.244.1.9#state", "reachabel")).toMatchInlineSnapshot(
      `"! "reachabel" is none of REACHABLE, STALE, DELAY, PROBE, FAILED, PERMANENT; did you mean REACHABLE?"`,
    );
    expect(say("arp:pod9/eth0/10.244.1.9#lladdr", "02:00:00:00:00:77")).toMatchInlineSnapshot(
      `"! Cannot open network namespace "pod9": No such file or directory"`,
    );
    expect(say("dev:pod1/eth0#mtu", "12")).toMatchInlineSnapshot(`"! "12" is not a number from 68 to 65535"`);
    expect(say("dev:pod1/eth0#master", "cbr7")).toMatchInlineSnapshot(`"! Cannot find device "cbr7""`);
    expect(say("fdb:node1/cbr0/0a:58:0a:f4:01:09#dev", "eth7")).toMatchInlineSnapshot(
      `"! "eth7" is no port of this bridge"`,
    );
    expect(say("dev:pod1/eth0#TX", "7")).toMatchInlineSnapshot(`"! TX is not to be changed by hand"`);
    expect(say("arp:pod1/eth0/10.244.1.9", "7")).toMatchInlineSnapshot(
      `"! arp:pod1/eth0/10.244.1.9 is a row: name the field that is to change"`,
    );
    expect(say("sysctl:pod1/ip_forward#value", "1")).toMatchInlineSnapshot(
      `"! A sysctl is named as in sysctl:pod1/net.ipv4.ip_forward"`,
    );
    expect(sim.recorded).toBe(40);
    expect(lab.hand.made).toEqual([]);
  });

  it("6. rows are removed as an administrator removes them", () => {
    const lab = labAfter(40);
    const remove = (data: string) => lab.hand.apply({ do: "remove", data });
    expect(remove("arp:pod1/eth0/10.244.1.9")).toBeUndefined();
    obeysTheLaws(lab);
    expect(lab.hand.valueOf("arp:pod1/eth0/10.244.1.9#state")).toBeUndefined();
    expect(remove("arp:pod1/eth0/10.244.1.9")).toMatchInlineSnapshot(`"There is no arp:pod1/eth0/10.244.1.9 now"`);
    expect(remove("fdb:node1/cbr0/0a:58:0a:f4:01:09")).toBeUndefined();
    expect(remove("dev:pod1/eth0")).toMatchInlineSnapshot(`"dev:pod1/eth0 is not to be removed by hand"`);
  });

  it("7. an expression that reads one value names it", () => {
    const lab = labAfter(40);
    const data = (expression: string) => lab.hand.dataOf(expression, 1);
    expect(data('neigh("pod1", "10.244.1.9").state')).toBe("arp:pod1/eth0/10.244.1.9#state");
    expect(data('neigh("pod1", "10.244.1.9").mac')).toBe("arp:pod1/eth0/10.244.1.9#lladdr");
    expect(data('fdb("node1/cbr0", "0a:58:0a:f4:01:09").port')).toBe("fdb:node1/cbr0/0a:58:0a:f4:01:09#dev");
    expect(data('sysctl("node1", "net.ipv4.ip_forward")')).toBe("sysctl:node1/net.ipv4.ip_forward#value");
    expect(data("1 + 1")).toBeUndefined();
    expect(data("ip.ttl")).toBeUndefined();
  });
});
