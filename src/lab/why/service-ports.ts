import type { ServiceModel } from "../../kube/service-model.ts";
import type { Item } from "../../language/generated/ast.ts";
import type { Asked } from "./asked.ts";
import type { Reasons } from "./explanation.ts";
import { type FileEdits, idea } from "./file-edits.ts";
import { selectorIdeas, selectorText, selectsNobody } from "./selectors.ts";

/**
 * The address is that of a Service which has the port for another protocol, or not at all, or no endpoints: no rule of kube-proxy took
 * the packet.
 */
export function becauseOfServicePorts(asked: Asked): Required<Pick<Reasons, "tried" | "ideas">> {
  const { file, ip, layout } = asked;
  const payload = ip?.payload;
  if (file === undefined || ip === undefined || (payload?.kind !== "udp" && payload?.kind !== "tcp"))
    return { tried: [], ideas: [] };
  const { kind: protocol, destinationPort } = payload;
  const service = layout()?.services.find(({ clusterIP }) => clusterIP === ip.destination);
  const declaration = service && file.declarationAt(service.source);
  if (service === undefined || declaration === undefined) return { tried: [], ideas: [] };
  const ports = portsOf(file, declaration);
  const others = ports.filter((one) => one.port !== destinationPort || one.protocol !== protocol);
  const isKnown = others.length < ports.length;
  const isAlone = isKnown && selectsNobody(asked, service);
  return {
    tried: [
      ...others.map((one) => ({
        what: `Service ${service.name}: ${one.text}`,
        missed:
          one.port === destinationPort
            ? `is ${one.protocol.toUpperCase()}'s, and this is ${protocol.toUpperCase()}`
            : `is not port ${destinationPort}`,
      })),
      ...(isAlone
        ? [{ what: `Service ${service.name}: selector ${selectorText(service)}`, missed: "finds no pod" }]
        : []),
    ],
    ideas: [
      ...(isKnown ? [] : others.flatMap((one) => portIdeas(file, service, one, protocol, destinationPort))),
      ...(isAlone ? selectorIdeas(asked, service) : []),
    ],
  };
}

type DeclaredPort = ReturnType<typeof portsOf>[number];

/** The port for the other protocol too, or by the number that was asked for. */
function portIdeas(file: FileEdits, service: ServiceModel, one: DeclaredPort, protocol: string, asked: number) {
  if (one.port !== asked) {
    if (one.protocol !== protocol) return [];
    const target = one.text.includes("->") ? "" : ` -> ${one.port}`;
    const renumbered = one.text.replace(/^port \d+/, `port ${asked}${target}`);
    return idea(`In ${service.name}: ${renumbered} in the place of ${one.text}`, [file.replace(one.range, renumbered)]);
  }
  const other = `${one.text.replace(/ (tcp|udp|name .*)$/, "")} ${protocol} name ${protocol}-${one.port}`;
  // Of several ports each has a name.
  const own = / name /.test(one.text) ? one.text : `${one.text} name ${one.protocol}-${one.port}`;
  return idea(`In ${service.name}: ${other}`, [file.replace(one.range, `${own}; ${other}`)]);
}

function portsOf(file: FileEdits, service: Item) {
  return file.lines(service, "port").map((line) => {
    const text = line.words.map((word) => word.text).join(" ");
    const protocol = /\budp\b/.test(text.replace(/ name .*$/, "")) ? "udp" : "tcp";
    const port = Number(line.words[1]?.text);
    return { text, protocol, port, range: file.rangeOfLine(line) };
  });
}
