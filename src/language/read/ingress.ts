import {
  type IngressBackend,
  type IngressControllerModel,
  type IngressModel,
  type IngressPath,
  type IngressRule,
  pathTypes,
} from "../../kube/ingress/model.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import type { Host, Ingress, Item } from "../generated/ast.ts";
import { readOptions } from "../options.ts";
import type { Problems } from "../problems.ts";
import { part, type Token } from "../source.ts";
import { readAddress, readChoice, readPort } from "../values.ts";
import {
  headRange,
  misplaced,
  nameToken,
  once,
  oneWord,
  type Reading,
  readGroupName,
  readObjectName,
  readSetting,
  refuseExtraWords,
  type SettingReader,
  type SettingReaders,
} from "./reading.ts";

type Draft<Model> = { -readonly [Key in keyof Model]: Model[Key] };

/** `ingress NAME { host shop.example.com; path /cart -> cart:80; default -> web:80 }`: paths belong to the host above them, or to any. */
export function readIngress(
  node: Ingress,
  reading: Reading,
): { readonly ingress?: IngressModel; readonly escaped: readonly Item[] } {
  const name = readGroupName(node, "ingress", reading);
  refuseExtraWords(node, reading);
  const rules: { host?: string; paths: IngressPath[] }[] = [];
  const ingress: Draft<IngressModel> = {
    namespace: "default",
    name: name?.base ?? "",
    rules,
    source: headRange(node, reading),
  };
  const settings = settingsOf(ingress, rules, reading);
  const escaped: Item[] = [];
  for (const item of node.block?.items ?? []) {
    if (item.$type === "Line") readSetting(item, `ingress ${ingress.name}`, settings, ["host"], reading);
    else if (item.$type === "Host" && item.block === undefined)
      rules.push({ host: readHost(item, reading), paths: [] });
    else {
      misplaced(item, `ingress ${ingress.name}`, reading);
      escaped.push(item);
    }
  }
  ingress.rules = rules.filter(({ paths }) => paths.length > 0) as readonly IngressRule[];
  if (name?.range) {
    reading.problems.error("range-of-ingresses", name.source, "An ingress is declared by itself, not as a range.");
    return { escaped };
  }
  const leadsNowhere = !(node.block?.items ?? []).some(
    (item) => item.$type === "Line" && ["path", "default"].includes(item.words[0]?.text ?? ""),
  );
  if (leadsNowhere && name) {
    const message = "An ingress needs a path, or a default: path /cart -> cart:80.";
    reading.problems.error("ingress-without-path", ingress.source, message);
  }
  return { ingress: name && ingress, escaped };
}

function settingsOf(
  ingress: Draft<IngressModel>,
  rules: { host?: string; paths: IngressPath[] }[],
  reading: Reading,
): SettingReaders {
  const { problems } = reading;
  return {
    namespace: oneWord(reading, (word) => {
      ingress.namespace = readObjectName(word, reading) ?? ingress.namespace;
    }),
    class: oneWord(reading, (word) => {
      ingress.className = { value: word.text, source: word.range };
    }),
    default: once(reading, (tokens, _source, name) => {
      const [arrow, backend, extra] = tokens;
      if (arrow?.text !== "->" || backend === undefined) {
        problems.error("missing-value", (arrow ?? name).range, "Write where it leads: default -> web:80.");
        return;
      }
      if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
      ingress.defaultBackend = readBackend(backend, problems);
    }),
    path: (tokens, source, name) => {
      const path = readPath(tokens, source, name, problems);
      if (path === undefined) return;
      if (rules.length === 0) rules.push({ paths: [] });
      rules[rules.length - 1].paths.push(path);
    },
  };
}

function readHost(node: Host, reading: Reading): string | undefined {
  refuseExtraWords(node, reading);
  const token = nameToken(node, reading);
  if (token !== undefined)
    return readIngressHost(token.text, (message) => reading.problems.error("bad-host", token.range, message));
  reading.problems.error("missing-value", headRange(node, reading), "The name is missing: host shop.example.com.");
  return undefined;
}

/** A name; the first label may be `*`. An address is none (RFC 3986 tells them apart, and so does an API server). */
export function readIngressHost(text: string, refuse: (message: string) => void): string | undefined {
  if (parseIpv4(text) !== undefined) {
    refuse(`${text} is an address: the host of an Ingress is a name, or left out.`);
    return undefined;
  }
  if (
    /^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/.test(text) &&
    text.length <= 253
  )
    return text;
  refuse(
    `"${text}" cannot be a host: small letters, digits and "-" in labels of at most 63, such as shop.example.com or *.example.com.`,
  );
  return undefined;
}

function readPath(
  [path, arrow, backend, type, extra]: readonly Token[],
  source: IngressPath["source"],
  name: Token,
  problems: Problems,
): IngressPath | undefined {
  if (path === undefined || arrow?.text !== "->" || backend === undefined) {
    problems.error(
      "missing-value",
      (arrow ?? path ?? name).range,
      "Write the path, and where it leads: path /cart -> cart:80.",
    );
    return undefined;
  }
  if (extra) problems.error("unexpected-words", extra.range, `"${extra.text}" does not belong here.`);
  if (!path.text.startsWith("/")) {
    problems.error("bad-path", path.range, `"${path.text}" is not a path: it begins with /.`);
    return undefined;
  }
  const pathType = type ? readChoice(type, pathTypes, "bad-path-type", "The type of a path", problems) : "Prefix";
  const target = readBackend(backend, problems);
  return target && { path: path.text, pathType: pathType ?? "Prefix", backend: target, source };
}

/** `cart:80`, `cart:http`, or `cart` where the Service has one port. */
function readBackend(token: Token, problems: Problems): IngressBackend | undefined {
  const colon = token.text.indexOf(":");
  if (colon < 0) return { service: token.text, source: token.range };
  const portToken = part(token, colon + 1, token.text.length);
  const service = token.text.slice(0, colon);
  if (/^[a-z0-9-]*[a-z][a-z0-9-]*$/.test(portToken.text)) return { service, port: portToken.text, source: token.range };
  const port = readPort(portToken, problems);
  return port === undefined ? undefined : { service, port, source: token.range };
}

const mostReplicas = 100;

/** `ingressController nginx replicas 1 nodePort 30080 loadBalancerIP 203.0.113.10 externalTrafficPolicy Local`. */
export function ingressControllerReader(
  reading: Reading,
  set: (controller: IngressControllerModel) => void,
): SettingReader {
  const { problems } = reading;
  const kinds = {
    replicas: { kind: "number", minimum: 0, maximum: mostReplicas },
    nodePort: { kind: "port" },
    loadBalancerIP: { kind: "text" },
    externalTrafficPolicy: { kind: "text" },
  } as const;
  return once(reading, (tokens, source, name) => {
    const [kind, ...rest] = tokens;
    if (kind === undefined) return problems.error("missing-value", name.range, "Write which: ingressController nginx.");
    const className = readChoice(kind, ["nginx"], "unknown-controller", "The ingress controller", problems);
    if (className === undefined) return;
    const options = readOptions(rest, kinds, "ingressController", problems);
    const word = (option: string) =>
      options[option] === undefined ? undefined : rest[rest.findIndex(({ text }) => text === option) + 1];
    const [ip, policyWord] = [word("loadBalancerIP"), word("externalTrafficPolicy")];
    const loadBalancerIP = ip && readAddress(ip, problems);
    const policy =
      policyWord && readChoice(policyWord, ["Cluster", "Local"], "bad-traffic-policy", "A traffic policy", problems);
    set({
      className,
      replicas: typeof options.replicas === "number" ? options.replicas : 1,
      ...(typeof options.nodePort === "number" && { nodePort: options.nodePort }),
      ...(loadBalancerIP !== undefined && { loadBalancerIP }),
      // As its manifests for clouds have it: the client's address arrives.
      externalTrafficPolicy: policy ?? (loadBalancerIP === undefined ? "Cluster" : "Local"),
      source,
    });
  });
}
