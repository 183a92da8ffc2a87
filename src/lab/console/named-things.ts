import type { ClusterLayout } from "../../kube/layout.ts";
import type { ServiceModel } from "../../kube/service-model.ts";
import type { World } from "../../linux/world.ts";
import { parseIpv4 } from "../../wire/address-text.ts";
import { formatIpv4, type Ipv4Address } from "../../wire/ipv4-address.ts";
import { formatMac, type MacAddress, parseMac } from "../../wire/mac-address.ts";
import { devicesOf, findDeviceByPath, findNetns } from "../inspect/find.ts";
import { namespaceScope } from "../inspect/namespace-scope.ts";
import { printFdbRow } from "../inspect/print.ts";
import { arpTable, deviceInspection, fdbInspection, neighbourInspection } from "../inspect/row-inspections.ts";
import { count } from "../inspect/words.ts";
import { deviceName } from "../names.ts";
import type { Inspection } from "../protocol.ts";

/** Of devices that share a name so many are listed. */
const mostListed = 50;

/**
 * What a name of the network stands for, in one line that opens up: a pod, node or namespace, a device, an address, a MAC
 * address, a Service. `here` is the namespace in view, whose devices come first; 0 for none.
 */
export function namedThing(
  world: World,
  layout: ClusterLayout | undefined,
  text: string,
  here: number,
): Inspection | undefined {
  const address = parseIpv4(text);
  if (address !== undefined) return addressThing(world, layout, text, address);
  const mac = parseMac(text);
  if (mac !== undefined) return macThing(world, mac);
  if (!/^[\w][\w./-]*$/.test(text)) return undefined;
  const netns = netnsOf(world, layout, text);
  if (netns !== 0) return netnsThing(world, text, netns);
  return deviceThing(world, text, here) ?? serviceThing(layout, text);
}

/** Also a pod that shares its node's namespace. */
export function netnsOf(world: World, layout: ClusterLayout | undefined, text: string): number {
  const found = layout?.names.resolve(text);
  return findNetns(world, found?.kind === "found" ? found.ref.netns : text);
}

function netnsThing(world: World, name: string, netns: number): Inspection {
  const { namespaces, nodes, addresses } = world;
  const role = namespaces.role.get(netns);
  const node = nodes.name.get(namespaces.node.get(netns));
  const own = [...devicesOf(world, netns)]
    .filter((device) => device !== namespaces.loopback.get(netns))
    .flatMap((device) => addresses.ofDevice(device).map((row) => formatIpv4(addresses.address.get(row))));
  const where = node === "" || node === name ? "" : ` on ${node}`;
  const value = `${role}${where}, ${own.join(" ") || "no address"}; ARP: ${arpTable(world, netns).value}`;
  return { name, value, type: role, children: () => namespaceScope(world, netns) };
}

function deviceThing(world: World, text: string, here: number): Inspection | undefined {
  const byPath = findDeviceByPath(world, text);
  if (byPath !== 0) return deviceInspection(world, byPath);
  if (here !== 0)
    for (const device of devicesOf(world, here))
      if (world.devices.name.get(device) === text) return deviceInspection(world, device);
  const found: number[] = [];
  for (const device of world.devices.table.rows()) if (world.devices.name.get(device) === text) found.push(device);
  if (found.length === 0) return undefined;
  if (found.length === 1) return deviceInspection(world, found[0]);
  const listed = found.slice(0, mostListed);
  return {
    name: text,
    value: `${count(found.length, "interface")} of that name`,
    childCount: listed.length,
    children: () => listed.map((device) => deviceInspection(world, device)),
  };
}

function addressThing(
  world: World,
  layout: ClusterLayout | undefined,
  name: string,
  address: Ipv4Address,
): Inspection | undefined {
  const { addresses, neighbours } = world;
  const owners: number[] = [];
  for (const row of addresses.table.rows())
    if (addresses.address.get(row) === address) owners.push(addresses.device.get(row));
  const known: number[] = [];
  for (const row of neighbours.table.rows()) if (neighbours.address.get(row) === address) known.push(row);
  const service = layout?.services.find(({ clusterIP }) => clusterIP === address);
  const whose = [
    ...owners.slice(0, 3).map((device) => deviceName(world, device)),
    ...(service === undefined ? [] : [`Service ${service.name}.${service.namespace}`]),
  ];
  const inArp = known.length === 0 ? "" : `; in ${count(known.length, "ARP table")}`;
  const value = `${whose.join(", ") || "nobody's address"}${inArp}`;
  const children = () => [
    ...owners.map((device) => deviceInspection(world, device)),
    ...(service === undefined || layout === undefined ? [] : [serviceInspection(layout, service)]),
    ...known.slice(0, mostListed).map((row) => {
      const owner = deviceName(world, neighbours.device.get(row));
      return { ...neighbourInspection(world, row), name: `ARP ${owner}` };
    }),
  ];
  return { name, value, type: "address", children };
}

function macThing(world: World, mac: MacAddress): Inspection {
  const { devices, fdb } = world;
  const owners: number[] = [];
  for (const device of devices.table.rows()) if (devices.mac.get(device) === mac) owners.push(device);
  const learned: number[] = [];
  for (const row of fdb.table.rows()) if (fdb.mac.get(row) === mac) learned.push(row);
  const whose = owners.slice(0, 3).map((device) => deviceName(world, device));
  const behind = learned.slice(0, 3).map((row) => printFdbRow(world, row).slice(formatMac(mac).length + 1));
  const value = [whose.join(", ") || "nobody's MAC address", ...behind].join("; ");
  return {
    name: formatMac(mac),
    value,
    type: "MAC address",
    children: () => [
      ...owners.map((device) => deviceInspection(world, device)),
      ...learned.slice(0, mostListed).map((row) => {
        const bridge = deviceName(world, fdb.bridge.get(row));
        return { ...fdbInspection(world, row), name: `FDB ${bridge}` };
      }),
    ],
  };
}

function serviceThing(layout: ClusterLayout | undefined, text: string): Inspection | undefined {
  const [name, namespace = "default"] = text.split(".");
  const service = layout?.services.find((one) => one.name === name && one.namespace === namespace);
  return service === undefined || layout === undefined ? undefined : serviceInspection(layout, service);
}

function serviceInspection(layout: ClusterLayout, service: ServiceModel): Inspection {
  const { namespace, name, type, clusterIP, ports } = service;
  const slices = layout.endpointSlices().filter((slice) => slice.service === name && slice.namespace === namespace);
  const endpoints = slices.flatMap((slice) => slice.endpoints);
  const ready = endpoints.filter((endpoint) => endpoint.ready).length;
  const address = clusterIP === undefined ? "no clusterIP" : formatIpv4(clusterIP);
  const portTexts = ports.map(({ port, targetPort, protocol }) => `${port}→${targetPort}/${protocol}`);
  return {
    name: `${name}.${namespace}`,
    value: `${type} ${address} ${portTexts.join(" ")}; ${ready} of ${count(endpoints.length, "endpoint")} ready`,
    type: "Service",
    children: () => [
      { name: "clusterIP", value: address },
      ...ports.map(({ name: port, protocol, port: number, targetPort, nodePort }) => ({
        name: port === "" ? "port" : `port ${port}`,
        value: `${number}/${protocol} → ${targetPort}${nodePort === 0 ? "" : `, node port ${nodePort}`}`,
      })),
      ...endpoints.map(({ addresses, ready: isReady, nodeName }) => ({
        name: addresses.map(formatIpv4).join(" "),
        value: `${isReady ? "ready" : "not ready"}${nodeName === undefined ? "" : ` on ${nodeName}`}`,
      })),
    ],
  };
}
