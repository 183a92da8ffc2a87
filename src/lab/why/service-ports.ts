import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { Asked } from "./asked.ts";
import type { Reasons } from "./explanation.ts";
import { type FileEdits, idea } from "./file-edits.ts";

/** The address is that of a Service which has the port for another protocol, or not at all: no rule of kube-proxy took the packet. */
export function becauseOfServicePorts({ file, ip }: Asked): Required<Pick<Reasons, "tried" | "ideas">> {
  const payload = ip?.payload;
  if (file === undefined || ip === undefined || (payload?.kind !== "udp" && payload?.kind !== "tcp"))
    return { tried: [], ideas: [] };
  const { kind: protocol, destinationPort } = payload;
  const ports = portsOf(file, formatIpv4(ip.destination));
  return {
    tried: ports.map((one) => ({
      what: `Service ${one.service}: ${one.text}`,
      missed:
        one.port === destinationPort
          ? `is ${one.protocol.toUpperCase()}'s, and this is ${protocol.toUpperCase()}`
          : `is not port ${destinationPort}`,
    })),
    ideas: ports
      .filter((one) => one.port === destinationPort && one.protocol !== protocol)
      .flatMap((one) => {
        const other = `${one.text.replace(/ (tcp|udp|name .*)$/, "")} ${protocol} name ${protocol}-${one.port}`;
        // Of several ports each has a name.
        const own = / name /.test(one.text) ? one.text : `${one.text} name ${one.protocol}-${one.port}`;
        return idea(`In ${one.service}: ${other}`, [file.replace(one.range, `${own}; ${other}`)]);
      }),
  };
}

function portsOf(file: FileEdits, clusterIp: string) {
  return file.items("Service").flatMap((service) => {
    const isIt = file.lines(service, "clusterIP", clusterIp).length > 0;
    if (!isIt || !("name" in service)) return [];
    return file.lines(service, "port").map((line) => {
      const text = line.words.map((word) => word.text).join(" ");
      const protocol = /\budp\b/.test(text.replace(/ name .*$/, "")) ? "udp" : "tcp";
      const port = Number(line.words[1]?.text);
      return { service: service.name ?? "", text, protocol, port, range: file.rangeOfLine(line) };
    });
  });
}
