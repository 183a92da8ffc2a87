import { type DeclaredService, serviceDefaults } from "../../kube/service-declaration.ts";
import type { ServicePortModel, ServiceProtocol } from "../../kube/service-model.ts";
import type { Item, Service } from "../generated/ast.ts";
import { span, type Token } from "../source.ts";
import { readAddress, readBlock, readChoice, readDurationNs, readNumber, readPort } from "../values.ts";
import { readSettingsOnly } from "./devices.ts";
import { readDnsName } from "./dns.ts";
import {
  headRange,
  oneWord,
  type Reading,
  readGroupName,
  readObjectName,
  refuseExtraWords,
  type SettingReader,
  type SettingReaders,
} from "./reading.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

const policies = ["Cluster", "Local"] as const;
const serviceTypes = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;
const second = 1_000_000_000;

/** Reads `service NAME { port 80 -> 8080; selector app=web … }`; the settings are named like the fields of a Service's spec. */
export function readService(
  node: Service,
  reading: Reading,
): { readonly service?: DeclaredService; readonly escaped: readonly Item[] } {
  const name = readGroupName(node, "service", reading);
  refuseExtraWords(node, reading);
  const source = headRange(node, reading);
  const service: Draft<DeclaredService> = {
    ...serviceDefaults,
    namespace: "default",
    name: name?.base ?? "",
    stored: false,
    ports: [],
    source,
  };
  const escaped = readSettingsOnly(
    node.block?.items ?? [],
    `service ${service.name}`,
    { ...addressing(service, reading), ...policy(service, reading) },
    reading,
  );
  if (name?.range) {
    reading.problems.error("range-of-services", name.source, "A service is declared by itself, not as a range.");
    return { escaped };
  }
  checkPorts(service, reading);
  return { service: name && service, escaped };
}

/** Where the Service is reached, and who answers. */
function addressing(service: Draft<DeclaredService>, reading: Reading): SettingReaders {
  const { problems } = reading;
  const externalIPs: SettingReader = eachWord(reading, (word) => {
    const address = readAddress(word, problems);
    if (address !== undefined) service.externalIPs = [...service.externalIPs, address];
  });
  return {
    namespace: oneWord(reading, (word) => {
      service.namespace = readObjectName(word, reading) ?? service.namespace;
    }),
    type: oneWord(reading, (word) => {
      service.type =
        readChoice(word, serviceTypes, "bad-service-type", "The type of a Service", problems) ?? service.type;
    }),
    clusterIP: oneWord(reading, (word) => {
      if (word.text === "None") service.headless = true;
      else {
        const value = readAddress(word, problems);
        if (value !== undefined) service.clusterIP = { value, source: word.range };
      }
    }),
    headless: () => {
      service.headless = true;
    },
    externalName: oneWord(reading, (word) => {
      service.type = "ExternalName";
      service.headless = true;
      service.externalName = readDnsName(word, problems);
    }),
    port: (tokens, source, name) => {
      const port = readServicePort(tokens, name, source, reading);
      if (port) service.ports = [...service.ports, port];
    },
    selector: (tokens, _source, name) => {
      if (tokens.length === 0) problems.error("missing-value", name.range, "Write the labels: selector app=web.");
      const selector: Record<string, string> = { ...service.selector };
      readLabels(tokens, selector, reading);
      service.selectorSource ??= tokens.length > 0 ? span(tokens[0].range, tokens[tokens.length - 1].range) : undefined;
      service.selector = selector;
    },
    endpoints: eachWord(reading, (word) => {
      const stated = service.statedEndpoints ?? [];
      service.statedEndpoints = [...stated, { value: word.text, source: word.range }];
    }),
    externalIPs,
    externalIP: externalIPs,
    loadBalancerIP: (tokens, _source, name) => {
      const [address, mode] = tokens;
      if (address === undefined) return problems.error("missing-value", name.range, "The address is missing.");
      const ip = readAddress(address, problems);
      const ipMode = mode && readChoice(mode, ["VIP", "Proxy"], "bad-ip-mode", "The ipMode", problems);
      if (ip === undefined) return;
      service.loadBalancerIngress = [...service.loadBalancerIngress, { ip, ipMode: ipMode ?? "VIP" }];
    },
  };
}

/** Which clients may come, and which endpoint they get. */
function policy(service: Draft<DeclaredService>, reading: Reading): SettingReaders {
  const { problems } = reading;
  const sourceRanges: SettingReader = eachWord(reading, (word) => {
    const block = readBlock(word, problems);
    if (block) service.loadBalancerSourceRanges = [...service.loadBalancerSourceRanges, block];
  });
  return {
    sourceRanges,
    loadBalancerSourceRanges: sourceRanges,
    sessionAffinity: (tokens, _source, name) => readAffinity(tokens, name, service, reading),
    internalTrafficPolicy: oneWord(reading, (word) => {
      service.internalTrafficPolicy =
        readChoice(word, policies, "bad-traffic-policy", "A traffic policy", problems) ?? "Cluster";
    }),
    externalTrafficPolicy: oneWord(reading, (word) => {
      service.externalTrafficPolicy =
        readChoice(word, policies, "bad-traffic-policy", "A traffic policy", problems) ?? "Cluster";
    }),
    healthCheckNodePort: oneWord(reading, (word) => {
      service.healthCheckNodePort = readPort(word, problems) ?? 0;
    }),
    publishNotReadyAddresses: () => {
      service.publishNotReadyAddresses = true;
    },
  };
}

function eachWord(reading: Reading, read: (token: Token) => void): SettingReader {
  return (tokens, _source, name) => {
    if (tokens.length === 0) {
      reading.problems.error("missing-value", name.range, `The value of ${name.text} is missing.`);
    }
    for (const token of tokens) read(token);
  };
}

/** `sessionAffinity ClientIP timeout 3h`. */
function readAffinity(
  tokens: readonly Token[],
  name: Token,
  service: Draft<DeclaredService>,
  { problems }: Reading,
): void {
  const [word, option, value, extra] = tokens;
  if (word === undefined) return problems.error("missing-value", name.range, "Write sessionAffinity ClientIP.");
  const affinity = readChoice(word, ["None", "ClientIP"], "bad-session-affinity", "The session affinity", problems);
  service.sessionAffinity = affinity ?? "None";
  if (option === undefined) return;
  if (option.text !== "timeout" || value === undefined || extra !== undefined) {
    const range = (option.text === "timeout" ? (extra ?? option) : option).range;
    return problems.error("unexpected-words", range, "Only a timeout can follow: sessionAffinity ClientIP timeout 3h.");
  }
  const durationNs = readDurationNs(value, problems);
  if (durationNs === undefined) return;
  const seconds = durationNs / second;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400) service.sessionAffinityTimeoutSeconds = seconds;
  else problems.error("bad-duration", value.range, "The timeout is whole seconds from 1s to 24h.");
}

/** `80 -> 8080 udp name dns nodePort 30053`. */
function readServicePort(
  tokens: readonly Token[],
  name: Token,
  source: ServicePortModel["source"],
  reading: Reading,
): ServicePortModel | undefined {
  const { problems } = reading;
  const [first, ...others] = tokens;
  if (first === undefined) {
    problems.error("missing-value", name.range, "Write the port, and where it leads: port 80 -> 8080.");
    return undefined;
  }
  const port = readPort(first, problems);
  const leads = others[0]?.text === "->" && !others[0].quoted;
  if (leads && others[1] === undefined) {
    problems.error("missing-value", others[0].range, "The port of the pods is missing: port 80 -> 8080.");
  }
  const targetPort = leads && others[1] ? readTargetPort(others[1], reading) : port;
  const options: PortOptions = { protocol: "TCP", name: "", nodePort: 0 };
  readPortOptions(others.slice(leads ? 2 : 0), options, reading);
  if (port === undefined || targetPort === undefined) return undefined;
  return { ...options, port, targetPort, source };
}

interface PortOptions {
  protocol: ServiceProtocol;
  name: string;
  nodePort: number;
}

const protocols: Readonly<Record<string, ServiceProtocol>> = { tcp: "TCP", udp: "UDP", sctp: "SCTP" };

function readPortOptions(tokens: readonly Token[], options: PortOptions, { problems }: Reading): void {
  for (let i = 0; i < tokens.length; i++) {
    const { text, range } = tokens[i];
    const protocol = protocols[text.toLowerCase()];
    if (protocol !== undefined) options.protocol = protocol;
    else if (text !== "name" && text !== "nodePort") {
      const known = [...Object.keys(protocols), "name", "nodePort"];
      problems.unknown("unknown-option", range, text, `A port has no option "${text}".`, known);
    } else if (tokens[i + 1] === undefined) {
      problems.error("missing-value", range, `The value of ${text} is missing.`);
    } else if (text === "name") options.name = tokens[++i].text;
    else options.nodePort = readPort(tokens[++i], problems) ?? 0;
  }
}

/** IANA_SVC_NAME: what Kubernetes takes for the name of a port. */
const portName = /^(?=.*[a-z])[a-z0-9](-?[a-z0-9]){0,14}$/;

function readTargetPort(token: Token, { problems }: Reading): number | string | undefined {
  if (portName.test(token.text)) return token.text;
  return readNumber(token, problems, 1, 65_535, "bad-port");
}

function checkPorts({ ports, headless, source }: DeclaredService, { problems }: Reading): void {
  if (ports.length === 0 && !headless) {
    problems.error("service-without-port", source, "A Service needs a port: port 80 -> 8080.");
  }
  if (ports.length < 2) return;
  for (const port of ports) {
    if (port.name === "") {
      problems.error(
        "port-without-name",
        port.source,
        `Each of several ports needs a name: port ${port.port} name http.`,
      );
    }
  }
}

/** `app=web tier=front`. */
export function readLabels(tokens: readonly Token[], labels: Record<string, string>, { problems }: Reading): void {
  for (const token of tokens) {
    const equals = token.text.indexOf("=");
    if (equals > 0) labels[token.text.slice(0, equals)] = token.text.slice(equals + 1);
    else problems.error("bad-label", token.range, `"${token.text}" is not a label, such as app=web.`);
  }
}
