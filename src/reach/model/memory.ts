import type { Ipv4Address } from "../../wire/ipv4-address.ts";
import type { MacAddress } from "../../wire/mac-address.ts";

/** What machines and bridges have learned from the packets of one question; what they were told stands in the world's tables. */
export class Memory {
  readonly #ports = new Map<number, Map<MacAddress, number>>();
  readonly #neighbours = new Map<number, Map<Ipv4Address, MacAddress>>();
  readonly #vteps = new Map<number, Map<MacAddress, Ipv4Address>>();

  port(bridge: number, mac: MacAddress): number | undefined {
    return this.#ports.get(bridge)?.get(mac);
  }

  learnPort(bridge: number, mac: MacAddress, port: number): void {
    put(this.#ports, bridge, mac, port);
  }

  neighbour(device: number, address: Ipv4Address): MacAddress | undefined {
    return this.#neighbours.get(device)?.get(address);
  }

  learnNeighbour(device: number, address: Ipv4Address, mac: MacAddress): void {
    put(this.#neighbours, device, address, mac);
  }

  vtep(device: number, mac: MacAddress): Ipv4Address | undefined {
    return this.#vteps.get(device)?.get(mac);
  }

  learnVtep(device: number, mac: MacAddress, remote: Ipv4Address): void {
    put(this.#vteps, device, mac, remote);
  }
}

function put(table: Map<number, Map<number, number>>, owner: number, key: number, value: number): void {
  const row = table.get(owner);
  if (row === undefined) table.set(owner, new Map([[key, value]]));
  else row.set(key, value);
}
