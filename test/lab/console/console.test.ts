import { describe, expect, it } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import { digest } from "../../../src/sim/digest.ts";
import { labText, openText } from "../run-lab.ts";
import { comparable, consoleLab, consoleText, questions, questionsAfterPing, say } from "./console-lab.ts";

function goTo(lab: Lab, stageName: string): number {
  lab.setFunctionBreakpoints([stageName]);
  const motion = lab.continue();
  for (;;) {
    const result = motion.advance(1000);
    if (result.kind === "stopped") return result.stop.threadId;
    if (result.kind === "ended") throw new Error(`No ${stageName}`);
  }
}

function toTheEnd(lab: Lab): string {
  while (lab.run(10_000));
  return lab
    .takeOutput()
    .map(({ text }) => text)
    .join("");
}

describe("questions", () => {
  it("1. are answered as Linux answers them (live.test.ts compares with the real programs)", async () => {
    const lab = consoleLab();
    const answers = questions.map((line) => `$ ${line}\n${comparable(say(lab, line))}`);
    const pinged = consoleLab("ping");
    toTheEnd(pinged);
    answers.push(...questionsAfterPing.map((line) => `$ ${line}\n${comparable(say(pinged, line))}`));
    await expect(answers.join("\n")).toMatchFileSnapshot("answers.txt");
  });

  it("2. change nothing", () => {
    const lab = consoleLab("ping");
    goTo(lab, "arp.receive");
    const before = digest(lab.world.sim);
    for (const line of [...questions, "tcpdump -n -i pod1/eth0", "help", "kubectl get pods -A"]) say(lab, line);
    expect(digest(lab.world.sim)).toBe(before);
  });

  it("3. without a namespace are about that of the frame in view", () => {
    const lab = openText(labText("same-node-ping"));
    const threadId = goTo(lab, "arp.receive");
    expect(say(lab, "ip neigh")).toContain("In which network namespace?");
    expect(say(lab, "ip -br link", threadId)).toMatch(/^lo +UNKNOWN /);
  });

  it("4. that nobody understands say what is near", () => {
    const lab = consoleLab();
    expect(say(lab, "ifconfig")).toBe(
      'There is no command or name "ifconfig" here. ip addr does it here. "help" lists what there is.\n',
    );
    expect(say(lab, "iptable -L")).toContain("Did you mean iptables?");
    expect(say(lab, "ip -n node1 nei show")).toBe(say(lab, "ip -n node1 neigh"));
    expect(say(lab, "ip -n node1 foo")).toBe('Object "foo" is unknown, try "ip help".\n');
    expect(say(lab, "ip -n node1 neigh flush all")).toContain("ip neigh knows show, get, add, replace, del here");
    expect(say(lab, "conntrack -L | grep tcp")).toContain("there is none here");
    expect(say(lab, "kubectl exec nosuch -- ip addr")).toBe('Error from server (NotFound): pods "nosuch" not found\n');
  });

  it("5. of kubectl have its columns", () => {
    const lab = consoleLab();
    expect(say(lab, "kubectl get svc,pods")).toContain("doesn't have a resource type");
    expect(say(lab, "kubectl get svc -o wide")).toBe(
      "NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE   SELECTOR\n" +
        "web    ClusterIP   10.96.0.10   <none>        80/TCP    0s    app=web\n",
    );
  });
});

describe("sockets", () => {
  it("1. that are connected stand under the heads that ss lays out for them", () => {
    const lab = openText(labText("same-node-ping"), "web");
    goTo(lab, "program.wake");
    for (let event = 0; event < 5000 && !say(lab, "ip netns exec pod2 ss -tan").includes("ESTAB"); event++)
      lab.world.sim.step();
    const [head, listening, connected] = say(lab, "ip netns exec pod2 ss -tan").split("\n");
    expect(head).toBe("State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process");
    expect(listening).toBe("LISTEN 0      4096         0.0.0.0:8080      0.0.0.0:*           ");
    expect(connected.replace(/:\d{5}/, ":40001")).toBe(
      "ESTAB  0      0         10.244.1.9:8080   10.244.1.2:40001       ",
    );
  });
});

describe("names and expressions", () => {
  it("1. stand for what they name", () => {
    const lab = consoleLab();
    expect(say(lab, "pod1")).toBe("pod on node1, 10.244.1.2; ARP: empty\n");
    expect(say(lab, "10.96.0.10")).toBe("Service web.default\n");
    expect(say(lab, "web")).toBe("ClusterIP 10.96.0.10 80→8080/TCP; 1 of 1 endpoint ready\n");
    expect(say(lab, "0a:58:0a:f4:01:01")).toBe("node1/cbr0; dev cbr0 master cbr0 permanent\n");
  });

  it("2. read the packet in view by Wireshark's names, and as breakpoints' conditions do", () => {
    const lab = openText(labText("same-node-ping"));
    const threadId = goTo(lab, "arp.receive");
    expect(say(lab, "arp.opcode", threadId)).toBe("1\n");
    expect(say(lab, 'arp.dst.proto_ipv4 == "10.244.1.0/24"', threadId)).toBe("true\n");
    expect(say(lab, "ip.ttl == 64", threadId)).toBe("false\n");
    expect(say(lab, "arp", threadId)).toContain("opcode: 1");
    expect(say(lab, "arp.nosuch", threadId)).toContain("nosuch");
    expect(say(lab, "arp.opcode")).toContain("No packet is in view");
  });

  it("3. open up to parts whose expressions read them again", () => {
    const lab = openText(labText("same-node-ping"));
    const threadId = goTo(lab, "arp.receive");
    for (const expression of ["arp", 'neigh("pod1", "10.244.1.9")', "[1, 2]", '{"a": 1}']) {
      const answer = lab.console.run(expression, { threadId });
      if (answer.kind !== "value") throw new Error(expression);
      for (const part of answer.value.children?.() ?? [])
        expect(say(lab, part.evaluateName ?? "", threadId), part.evaluateName).toBe(`${part.value}\n`);
    }
  });
});

describe("changes", () => {
  it("1. are part of the recording: going back before them takes them back, going forward repeats them", () => {
    const lab = openText(labText("same-node-ping"), "second ping");
    goTo(lab, "icmp.receive");
    const { sim } = lab.world;
    const before = digest(sim);
    const position = sim.position;
    expect(say(lab, "ip -n pod1 neigh")).toContain("10.244.1.9");
    expect(say(lab, "ip -n pod1 neigh del 10.244.1.9 dev eth0")).toBe("");
    expect(say(lab, "ip -n pod1 neigh")).not.toContain("10.244.1.9");
    const after = digest(sim);
    sim.step();
    sim.goTo(position - 1);
    expect(say(lab, "ip -n pod1 neigh")).toContain("10.244.1.9");
    sim.goTo(position);
    expect(digest(sim)).toBe(after);
    expect(digest(sim)).not.toBe(before);
    expect(lab.hand.made).toEqual([
      { position, edit: { do: "statement", text: "ip -n pod1 neigh del 10.244.1.9 dev eth0" } },
    ]);
  });

  it("2. that Linux would refuse are refused as it does, and are not part of the recording", () => {
    const lab = consoleLab();
    expect(say(lab, "ip -n pod1 neigh del 10.1.1.1 dev eth0")).toBe("RTNETLINK answers: No such file or directory\n");
    expect(say(lab, "ip -n pod1 link set nosuch down")).toContain("nosuch");
    expect(say(lab, "ip netns exec pod1 sysctl -w net.ipv4.nosuch=1")).toContain("There is no sysctl");
    expect(lab.hand.made).toEqual([]);
  });

  it("3. of every kind", () => {
    const lab = consoleLab();
    expect(say(lab, "ip netns exec pod1 sysctl -w net.ipv4.ip_default_ttl=63")).toBe("net.ipv4.ip_default_ttl = 63\n");
    expect(say(lab, "ip netns exec node1 iptables -A FORWARD -s 10.244.1.2 -j DROP")).toBe("");
    expect(say(lab, "ip netns exec node1 iptables -S FORWARD")).toContain("-A FORWARD -s 10.244.1.2/32 -j DROP");
    expect(say(lab, "bridge -n node1 fdb add 02:00:00:00:00:99 dev veth1 master static")).toBe("");
    expect(say(lab, "bridge -n node1 fdb show dev veth1")).toContain("02:00:00:00:00:99 master cbr0 static");
    expect(say(lab, "ip -n node1 link set veth1 down")).toBe("");
    expect(say(lab, "bridge -n node1 link")).toContain("state disabled");
    expect(say(lab, "ip -n pod1 route")).toContain("linkdown");
    expect(say(lab, "ip netns exec node1 conntrack -F")).toBe("");
    expect(lab.hand.made).toHaveLength(5);
  });
});

describe("programs", () => {
  it("1. are started beside what runs: their packets are threads at once, and going back before them takes them away", () => {
    const lab = openText(labText("same-node-ping"));
    goTo(lab, "arp.receive");
    const { sim } = lab.world;
    const position = sim.position;
    const before = lab.threads(50).total;
    expect(say(lab, "kubectl exec pod2 -- ping -c1 10.244.1.2")).toContain("Started beside the scenario");
    expect(lab.threads(50).total).toBeGreaterThan(before);
    const after = digest(sim);
    sim.step();
    sim.goTo(position);
    expect(digest(sim)).toBe(after);
    sim.goTo(position - 1);
    expect(
      lab
        .threads(50)
        .threads.map(({ name }) => name)
        .join(),
    ).not.toContain("10.244.1.9 > 10.244.1.2");
    sim.goTo(position);
    lab.setFunctionBreakpoints([]);
    expect(toTheEnd(lab)).toMatch(/1 received[\s\S]*1 received/);
  });

  it("2. have a line in a document of their own, which stack frames show", () => {
    const lab = openText(labText("same-node-ping"));
    goTo(lab, "arp.receive");
    say(lab, "kubectl exec pod2 -- ping -c1 10.244.1.2");
    const thread = lab.threads(50).threads.find(({ name }) => name.includes("10.244.1.9 > 10.244.1.2"));
    const { frames } = lab.stack(thread?.id ?? 0, 0, 0);
    expect(frames.at(-1)?.name).toBe("ping pod2 -> 10.244.1.2 count 1");
    expect(frames.at(-1)?.source).toMatchObject({ uri: "k8snet:/console", line: 2 });
    expect(lab.document("k8snet:/console")?.text).toBe(
      "# Statements that were made by hand\nping pod2 -> 10.244.1.2 count 1\n",
    );
  });

  it("3. go on after the scenario's end, which then comes when they are done", () => {
    const lab = openText(labText("same-node-ping"));
    toTheEnd(lab);
    expect(lab.ended).toBe(true);
    say(lab, "kubectl exec pod1 -- curl http://pod2:8080/");
    expect(lab.ended).toBe(false);
    expect(toTheEnd(lab)).not.toBe("");
    expect(lab.ended).toBe(true);
  });

  it("4. take the options of their namesakes, and statements of the language", () => {
    const lab = consoleLab();
    const lines = [
      [
        "kubectl exec pod1 -- ping -c 3 -i 0.5 -s 100 -W2 pod2",
        "ping pod1 -> pod2 count 3 interval 0.5s size 100 timeout 2s",
      ],
      ["kubectl exec pod1 -- curl -s -m 3 web.default", "curl pod1 -> web.default timeout 3s"],
      ["kubectl exec -it pod1 -c shell -- arping -c1 -I eth0 10.244.1.9", "arping pod1 -> 10.244.1.9 count 1 dev eth0"],
      ["ip netns exec pod1 nc -u 10.244.1.9 53", "udp pod1 -> 10.244.1.9:53"],
      ["kubectl exec pod1 -- nc -z -w 2 pod2 8080", "tcp pod1 -> pod2:8080 timeout 2s"],
      ["udp pod1 -> pod2:53 count 2", "udp pod1 -> pod2:53 count 2"],
    ] as const;
    for (const [line, statement] of lines) {
      expect(say(lab, line), line).toContain("Started");
      expect(lab.hand.made.at(-1)?.edit).toEqual({ do: "statement", text: statement });
    }
    expect(say(lab, "kubectl exec pod1 -- ping nosuch")).toContain("nosuch");
    expect(say(lab, "wait 5s")).toContain("not for the console");
    expect(say(lab, "ping pod1 -> pod2 }\nscenario x {")).not.toContain("Started");
  });

  it("5. what tcpdump saw of them is what tcpdump prints", () => {
    const lab = openText(labText("same-node-ping"));
    toTheEnd(lab);
    expect(say(lab, "tcpdump -nt -i pod1/eth0 arp or icmp")).toMatch(
      /^ARP, Request who-has 10\.244\.1\.9 tell 10\.244\.1\.2, length 28\nARP, Reply 10\.244\.1\.9 is-at 0a:58:0a:f4:01:09, length 28\nIP 10\.244\.1\.2 > 10\.244\.1\.9: ICMP echo request, id \d+, seq 1, length 64\nIP 10\.244\.1\.9 > 10\.244\.1\.2: ICMP echo reply, id \d+, seq 1, length 64\n4 packets captured\n$/,
    );
    expect(say(lab, "tcpdump -c1 -i pod1/eth0 src host 10.244.1.9 and not arp")).toContain("echo reply");
    expect(say(lab, "tcpdump -i node1/nosuch")).toContain("No such device exists");
  });
});

describe("nft", () => {
  const text = consoleText.replace("proxy       iptables", "proxy       nftables").replace(/^ {2}rule .*\n/gm, "");

  it("1. lists the rules with what they have counted, and changes them", () => {
    const lab = openText(text);
    toTheEnd(lab);
    const listed = say(lab, "ip netns exec node1 nft list ruleset");
    expect(listed).toMatch(/^table ip kube-proxy \{/m);
    expect(say(lab, "ip netns exec node1 nft list tables")).toContain("table ip kube-proxy\n");
    expect(say(lab, "ip netns exec node1 nft list table ip kube-proxy")).toContain("10.96.0.10");
    expect(say(lab, "ip netns exec node1 nft list table ip nosuch")).toBe("Error: No such file or directory\n");
    expect(say(lab, "ip netns exec node1 nft add table ip mine")).toBe("");
    expect(say(lab, "ip netns exec node1 nft add chain ip mine in '{ type filter hook input priority 0; }'")).toBe("");
    expect(say(lab, "ip netns exec node1 nft add rule ip mine in counter")).toBe("");
    expect(say(lab, "ip netns exec node1 nft list table mine")).toContain("counter packets 0 bytes 0");
    say(lab, "kubectl exec pod1 -- ping -c1 10.244.1.1");
    toTheEnd(lab);
    expect(say(lab, "ip netns exec node1 nft list table mine")).toContain("counter packets 1 bytes 84");
  });
});
