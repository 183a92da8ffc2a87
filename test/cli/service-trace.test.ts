import { describe, expect, it } from "vitest";
import { k8snet, temporaryFolder } from "./harness.ts";

const files = temporaryFolder();
const lab = files.write(
  "shop.k8snet",
  `
cluster {
  cni none
  podCIDR 10.244.0.0/16
  serviceCIDR 10.96.0.0/16
}
node node1 { address 192.168.0.2/24 }
service web {
  clusterIP 10.96.0.10
  type NodePort
  port 80 -> 8080 nodePort 30080
  endpoints 10.244.1.1 10.244.2.1
}
service empty {
  clusterIP 10.96.0.11
  port 80
}
`,
);

async function trace(src: string, dst: string, port: number, ...more: readonly string[]) {
  const packet = ["--src", src, "--dst", dst, "--proto", "tcp", "--port", `${port}`];
  const { code, out, error } = await k8snet("service-trace", lab, "--node", "node1", ...packet, ...more);
  return { code, out, error: error.replace(/^.*warning: .*\n/gm, "") };
}

async function answer(src: string, dst: string, port: number) {
  const { out } = await trace(src, dst, port, "--all-backends", "--format", "json");
  const { backends, masquerade, verdict } = JSON.parse(out);
  return { backends, masquerade, verdict };
}

describe("k8snet service-trace", () => {
  it("names everybody whom chance may choose, and whether the client is masqueraded", async () => {
    const backends = ["10.244.1.1:8080", "10.244.2.1:8080"];
    expect(await answer("10.244.1.9", "10.96.0.10", 80)).toEqual({ backends, masquerade: false, verdict: "ACCEPT" });
    expect(await answer("203.0.113.2", "192.168.0.2", 30080)).toEqual({
      backends,
      masquerade: true,
      verdict: "ACCEPT",
    });
    expect(await answer("10.244.1.9", "10.96.0.11", 80)).toEqual({
      backends: [],
      masquerade: false,
      verdict: "REJECT",
    });
    expect(await answer("10.244.1.9", "10.96.0.10", 81)).toEqual({
      backends: [],
      masquerade: false,
      verdict: "NOMATCH",
    });
  });

  it("prints the rules that decided, as one would give them to iptables", async () => {
    const { code, out } = await trace("10.244.1.9", "10.96.0.11", 80);
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, 4)).toEqual(["verdict     REJECT", "backends    none", "masquerade  no", "by"]);
    expect(out.trimEnd().split("\n").at(-1)).toBe(
      '  -t filter -A KUBE-SERVICES -m comment --comment "default/empty has no endpoints" -m tcp -p tcp -d 10.96.0.11 --dport 80 -j REJECT',
    );
  });

  it("takes kube-proxy's nftables mode in the place of the file's own", async () => {
    const nft = ["--mode", "nftables"];
    const { out } = await trace("203.0.113.2", "192.168.0.2", 30080, "--all-backends", ...nft);
    expect(out.split("\n").slice(0, 5)).toEqual([
      ...["verdict     ACCEPT", "backends    10.244.1.1:8080, 10.244.2.1:8080", "masquerade  yes", "by"],
      "  add rule ip kube-proxy filter-prerouting-pre-dnat ct state new jump firewall-check",
    ]);
    const refused = await trace("10.244.1.9", "10.96.0.10", 81, ...nft);
    expect(refused.out).toContain("verdict     REJECT\n");
    expect(refused.out).toContain(
      '  add rule ip kube-proxy cluster-ips-check ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"\n',
    );
    expect((await trace("10.244.1.9", "10.96.0.10", 80, "--mode", "ipvs")).error).toContain("iptables, nftables");
  });

  it("says which nodes there are, and what is no address", async () => {
    const packet = ["--src", "10.244.1.9", "--dst", "10.96.0.10", "--port", "80"];
    const { code, error } = await k8snet("service-trace", lab, "--node", "node2", ...packet);
    expect(code).toBe(2);
    expect(error).toContain(`${lab}: error: there is no node "node2"; there is node1\n`);
    expect((await trace("10.244.1", "10.96.0.10", 80)).error).toContain("10.244.1 is not an IPv4 address");
    expect((await trace("10.244.1.9", "10.96.0.10", 0)).error).toContain("A port is from 1 to 65535.");
  });
});

const saved = `*filter
:INPUT DROP [3:180]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[7:420] -A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`;

describe("k8snet netfilter-trace", () => {
  const rules = files.write("save.txt", saved);
  const ask = (file: string, src: string, ...more: string[]) =>
    k8snet(
      "netfilter-trace",
      "--rules",
      file,
      "--src",
      src,
      "--dst",
      "192.168.0.2",
      "--port",
      "22",
      "--local-ip",
      "192.168.0.2",
      ...more,
    );

  it("lists the rules that the packet meets, and the policy if that decides", async () => {
    expect((await ask(rules, "203.0.113.2")).out).toBe(`verdict     DROP
backends    none
masquerade  no
tried
  -      -t filter -A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT
  match  -t filter -P INPUT DROP
`);
    expect((await ask(rules, "10.1.2.3")).out).toContain("verdict     ACCEPT\n");
  });

  it("refuses what iptables-restore would refuse, at its line", async () => {
    const bad = files.write("bad.txt", saved.replace("-m tcp", "-m bpf"));
    const { code, error } = await ask(bad, "10.1.2.3");
    expect(code).toBe(2);
    expect(error).toMatch(new RegExp(`^${bad}:5:\\d+: error: .*bpf`));
    const cut = files.write("cut.txt", saved.slice(0, -8));
    expect((await ask(cut, "10.1.2.3")).error).toContain("COMMIT is missing");
  });

  const asking = `*filter
:INPUT DROP [0:0]
-A INPUT -m set --match-set allowed src,dst -j ACCEPT
-A INPUT -m set ! --match-set blocked src -j ACCEPT
COMMIT
`;
  const sets = `create allowed hash:net,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x3c4f1d6a
add allowed 10.0.0.0/8,tcp:22
add allowed 10.9.0.0/16,tcp:22 nomatch
create blocked hash:ip family inet hashsize 1024 maxelem 65536
add blocked 203.0.113.2
add blocked 10.9.0.1
`;

  it("decides rules that ask for a set by what ipset save printed; without it a packet may be in any", async () => {
    const rules = files.write("asking.txt", asking);
    const saved = files.write("sets.txt", sets);
    const verdict = async (src: string, ...more: string[]) =>
      /^verdict +(.*)$/m.exec((await ask(rules, src, ...more)).out)?.[1];
    expect(await verdict("203.0.113.2")).toBe("ACCEPT");
    expect(await verdict("203.0.113.2", "--sets", saved)).toBe("DROP");
    expect(await verdict("203.0.113.3", "--sets", saved)).toBe("ACCEPT");
    expect(await verdict("10.1.2.3", "--sets", saved)).toBe("ACCEPT");
    // The smaller network is the one that counts, and it is an exception.
    expect(await verdict("10.9.0.1", "--sets", saved)).toBe("DROP");
  });

  it("refuses sets that ipset would refuse, and rules that ask for a set that is not there", async () => {
    const rules = files.write("asking.txt", asking);
    const bad = files.write("bad-sets.txt", sets.replace("10.9.0.1", "10.9.0.300"));
    const refused = await ask(rules, "10.1.2.3", "--sets", bad);
    expect(refused.code).toBe(2);
    expect(refused.error).toMatch(new RegExp(`^${bad}:6:13: error: "10.9.0.300" is neither`));
    const twice = files.write("twice.txt", `${sets}add blocked 10.9.0.1\n`);
    expect((await ask(rules, "10.1.2.3", "--sets", twice)).error).toBe(
      `${twice}:7:1: error: Element cannot be added to the set: it's already added.\n`,
    );
    const few = files.write("few.txt", sets.split("\n").slice(0, 3).join("\n"));
    expect((await ask(rules, "10.1.2.3", "--sets", few)).error).toBe(
      `${rules}:4:1: error: There is no set blocked in what --sets names.\n`,
    );
  });

  const refusedLines = [
    {
      line: "add blocked 10.9.0.2 timeout 30",
      says: "Timeout cannot be used: set was created without timeout support.",
    },
    {
      line: "add blocked 10.9.0.2 timeout 0",
      says: "Timeout cannot be used: set was created without timeout support.",
    },
    { line: "add blocked 10.9.0.0/8", says: "Hash is full, cannot add more elements." },
    { line: "add blocked 10.9.0.2,tcp:22", says: "10.9.0.2,tcp:22 is no entry of a set of type hash:ip." },
    { line: "add other 10.9.0.2", says: "The set with the given name does not exist." },
    { line: "create blocked hash:ip", says: "Set cannot be created: set with the same name already exists." },
  ];

  it.each(refusedLines)("refuses what ipset restore refuses: $line", async ({ line, says }) => {
    const rules = files.write("asking.txt", asking);
    const saved = files.write("refused-sets.txt", `${sets}${line}\n`);
    expect((await ask(rules, "10.1.2.3", "--sets", saved)).error).toBe(`${saved}:7:1: error: ${says}\n`);
  });

  it("takes an entry's timeout where its set has one: it is there when it was saved", async () => {
    const rules = files.write("asking.txt", asking);
    const lines = sets.split("\n").slice(0, 3);
    const timed = [...lines, "create blocked hash:ip timeout 60", "add blocked 203.0.113.2 timeout 5"];
    const saved = files.write("timed-sets.txt", `${timed.join("\n")}\n`);
    expect((await ask(rules, "203.0.113.2", "--sets", saved)).out).toMatch(/^verdict +DROP$/m);
    expect((await ask(rules, "203.0.113.3", "--sets", saved)).out).toMatch(/^verdict +ACCEPT$/m);
  });

  const listed = `table ip filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ip saddr 10.0.0.0/8 tcp dport 22 counter packets 7 bytes 420 accept
	}
}
`;

  it("reads what nft list ruleset printed, too", async () => {
    const file = files.write("listed.nft", listed);
    expect((await ask(file, "203.0.113.2")).out).toBe(`verdict     DROP
backends    none
masquerade  no
tried
  -      add rule ip filter input ip saddr 10.0.0.0/8 tcp dport 22 counter accept
  match  chain ip filter input policy drop
`);
    expect((await ask(file, "10.1.2.3")).out).toContain("verdict     ACCEPT\n");
  });

  it("refuses what nft would refuse, or what is not supported, at its line", async () => {
    const bad = files.write("bad.nft", listed.replace("counter packets 7 bytes 420", "meta cpu 1"));
    const { code, error } = await ask(bad, "10.1.2.3");
    expect(code).toBe(2);
    expect(error).toMatch(new RegExp(`^${bad}:4:36: error: "meta cpu" is not supported: there are`));
    const cut = files.write("cut.nft", listed.slice(0, -6));
    expect((await ask(cut, "10.1.2.3")).error).toContain('"}" is missing');
    const lost = files.write("lost.nft", listed.replace("accept\n", "jump nowhere\n"));
    expect((await ask(lost, "10.1.2.3")).error).toContain(
      `${lost}:4:3: error: There is no chain nowhere in the table ip filter.`,
    );
  });
});
