import { expect, test } from "vitest";
import { compileSync } from "../../../src/language/compile.ts";
import { NamespaceNames } from "../../../src/plan/shell/namespace-names.ts";
import { commandLine } from "../../../src/plan/shell/quote.ts";
import { statementCommands } from "../../../src/plan/shell/statements.ts";

function typed(statement: string): readonly string[] | undefined {
  const text = `netns a\nnetns b\nveth a/eth0 address 10.0.0.1/24 <-> b/eth0 address 10.0.0.2/24\nscenario "s" {\n${statement}\n}\n`;
  const { plan, diagnostics } = compileSync(text, "file:///x.k8snet");
  expect(diagnostics).toEqual([]);
  return statementCommands(plan.scenarios[0].statements[0], new NamespaceNames("k8snet-"))?.map(commandLine);
}

test.each([
  ["ping a -> b", "ip netns exec k8snet-a ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 10 10.0.0.2"],
  [
    "ping a -> b count 3 interval 200ms size 1000 ttl 3 mayFragment timeout 300ms id 7",
    "ip netns exec k8snet-a ping -n -c 3 -i 0.2 -s 1000 -t 3 -M dont -W 0.3 -e 7 10.0.0.2",
  ],
  ["arping a -> b count 2", "ip netns exec k8snet-a arping -c 2 -I eth0 10.0.0.2"],
  ["arping a -> a announce", "ip netns exec k8snet-a arping -c 1 -I eth0 -U 10.0.0.1"],
  ["arping a -> a answer", "ip netns exec k8snet-a arping -c 1 -I eth0 -A 10.0.0.1"],
  ["ip -n a link set eth0 down", "ip -n k8snet-a link set dev eth0 down"],
  ["sysctl a net.ipv4.ip_forward=1", "ip netns exec k8snet-a sysctl -qw net.ipv4.ip_forward=1"],
  ["wait 1500ms", "sleep 1.5"],
])("%s", (statement, expected) => {
  expect(typed(statement)).toEqual([expected]);
});

test.each(["udp a -> b:9000", "tcp a -> b:80", "curl a -> http://10.0.0.2/", "expect true"])(
  "%s is no command of an administrator",
  (statement) => {
    expect(typed(statement)).toBeUndefined();
  },
);
