import type { SourceRange } from "../../base/source-range.ts";
import type { Rule } from "../../config/iptables/rule-set.ts";
import type { Compilation } from "../../language/compile.ts";
import type { World } from "../../linux/world.ts";
import type { SetUpCommand } from "../../plan/commands.ts";
import type { Finding } from "../../reach/model/check.ts";

/** Settings that decide over packets, by the reason that they give. */
const deciding: Readonly<Record<string, RegExp>> = {
  IP_INADDRERRORS: /\.ip_forward$|\.forwarding$/,
  IP_RPFILTER: /\.rp_filter$/,
  IP_LOCAL_SOURCE: /\.accept_local$/,
  IP_TTL_EXPIRED: /\.ip_default_ttl$/,
  NEIGH_FAILED: /\.arp_(ignore|filter)$/,
};

/** The line of the file that is to blame: the rule, the route, the setting, the address, or what stands for the place. */
export function findCause(
  world: World,
  finding: Finding,
  rule: Rule | undefined,
  { plan }: Compilation,
  commands: readonly SetUpCommand[],
): SourceRange {
  const { reason, netns, device, route, rule: place } = finding.fault.loss;
  const { namespaces, routes, devices } = world;
  const name = namespaces.name.get(netns);
  const here = commands.filter((command) => "netns" in command && command.netns === name);
  const ofRule = rule && plan.places.find((one) => one.kind === "rule" && one.rule === rule)?.source;
  const loader = place?.program === "nft" ? /^nft/ : /^iptables-restore$/;
  const loading = place && here.findLast(({ do: verb }) => loader.test(verb))?.source;
  const key = deciding[reason];
  const setting = key && here.findLast((command) => command.do === "sysctl" && key.test(command.key));
  const isStated = setting !== undefined && setting.source.line !== namespaces.source.get(netns)?.line;
  const causes = [
    ofRule,
    loading,
    isStated ? setting.source : undefined,
    sharedAddress(world, finding),
    route ? routes.source.get(route) : undefined,
    device ? devices.source.get(device) : undefined,
    namespaces.source.get(netns),
    namespaces.source.get(finding.from.netns),
  ];
  const [first] = causes.filter((range) => range !== undefined && range !== null);
  return first ?? { uri: plan.uri, line: 1, column: 1, endLine: 1, endColumn: 1 };
}

/** Where the address stands that two have: the one that takes the packet. */
function sharedAddress(world: World, { to, fault: { loss } }: Finding): SourceRange | null | undefined {
  if (loss.reason !== "WRONG_MACHINE") return undefined;
  const row = world.addresses.find(loss.netns, loss.packet?.destination ?? to.address);
  return row === 0 ? undefined : world.addresses.source.get(row);
}
