import { describe, expect, it } from "vitest";
import { stageNames } from "../../src/linux/stage.ts";
import { PacketBreakpoints, stageGroups, wishText } from "../../src/vscode/packet-breakpoints/model.ts";

describe("The tree of packet breakpoints", () => {
  it("1. lists every stage that packets walk, once, in families", () => {
    const groups = stageGroups();
    const listed = groups.flatMap(({ stages }) => stages);
    expect(new Set(listed).size).toBe(listed.length);
    expect([...listed, "none", "scenario.end"].sort()).toEqual([...stageNames].sort());
    expect(groups.map(({ label, stages }) => `${label}: ${stages.length > 0}`)).toMatchInlineSnapshot(`
      [
        "Drops: true",
        "ARP and neighbours: true",
        "Links: true",
        "Bridge: true",
        "Hub: true",
        "VXLAN: true",
        "IP and routing: true",
        "netfilter: true",
        "conntrack and NAT: true",
        "ICMP: true",
        "UDP: true",
        "TCP: true",
        "Scenario and programs: true",
      ]
    `);
    expect(groups.find(({ label }) => label.startsWith("ARP"))?.stages).toContain("arp.request");
  });

  it("2. sends those that are on, with what they ask for", () => {
    const breakpoints = new PacketBreakpoints()
      .with({ stage: "arp.request" }, { isEnabled: true, condition: "arp.opcode == 1" })
      .with({ stage: "drop" }, { isEnabled: true, logMessage: "lost {packet}", hitCondition: "" })
      .with({ stage: "bridge.flood" }, { isEnabled: true })
      .with({ stage: "bridge.flood" }, { isEnabled: false })
      .watching("arp:pod1", "ARP table of pod1")
      .with({ dataId: "arp:pod1" }, { hitCondition: "2" });
    expect(breakpoints.requested()).toEqual([
      { name: "arp.request", condition: "arp.opcode == 1" },
      { name: "drop", logMessage: "lost {packet}" },
      { dataId: "arp:pod1", hitCondition: "2" },
    ]);
    expect(breakpoints.allOff().requested()).toEqual([]);
    expect(breakpoints.without("arp:pod1").saved.data).toEqual([]);
  });

  it("3. keeps in the workspace what is off, too, and is made again of it", () => {
    const breakpoints = new PacketBreakpoints().with({ stage: "drop" }, { isEnabled: false, condition: "ip" });
    const again = new PacketBreakpoints(JSON.parse(JSON.stringify(breakpoints.saved)));
    expect(again.of({ stage: "drop" })).toEqual({ isEnabled: false, condition: "ip" });
    expect(again.of({ stage: "arp.reply" })).toEqual({ isEnabled: false });
  });

  it("4. watches a row once", () => {
    const twice = new PacketBreakpoints().watching("fdb:node1/cbr0", "FDB").watching("fdb:node1/cbr0", "FDB");
    expect(twice.saved.data).toHaveLength(1);
  });

  it("5. says beside a name what is asked for", () => {
    expect(wishText({})).toBe("");
    expect(wishText({ condition: "ip", hitCondition: "% 3", logMessage: "{ip.src}" })).toBe(
      "if ip, hit % 3, prints {ip.src}",
    );
  });
});
