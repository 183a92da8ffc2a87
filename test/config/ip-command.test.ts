import { describe, expect, test } from "vitest";
import { parseIpCommand, parseNeighbour, parseRoute } from "../../src/config/ip-command.ts";

const parse = (text: string) => parseIpCommand(text.split(" "));

/** The message and the word that it is about. */
function errorOf(text: string): string {
  const parsed = parse(text);
  return "error" in parsed ? `${parsed.error.word}: ${parsed.error.message}` : "no error";
}

describe("what iproute2 takes", () => {
  test.each([
    ["link set eth0 down", { do: "link set", dev: "eth0", up: false }],
    ["link set dev eth0 up mtu 1400", { do: "link set", dev: "eth0", up: true, mtu: 1400 }],
    ["link set veth1 master br0", { do: "link set", dev: "veth1", master: "br0" }],
    ["link set veth1 nomaster", { do: "link set", dev: "veth1", master: null }],
    ["link set eth0 address 02:00:00:00:00:09", { do: "link set", dev: "eth0", mac: 0x020000000009 }],
    ["addr add 10.0.0.1/24 dev eth0", { do: "addr add", dev: "eth0", prefix: { address: 0x0a000001, length: 24 } }],
    ["a del 10.0.0.1 dev eth0", { do: "addr del", dev: "eth0", prefix: { address: 0x0a000001, length: 32 } }],
    [
      "route add default via 10.0.0.1",
      { do: "route add", type: "unicast", destination: { address: 0, length: 0 }, via: 0x0a000001 },
    ],
    [
      "r replace 10.9.0.0/16 dev eth0 src 10.0.0.2 metric 5",
      { do: "route replace", dev: "eth0", preferredSource: 0x0a000002, metric: 5 },
    ],
    ["route add blackhole 10.9.0.0/16", { do: "route add", type: "blackhole" }],
    ["route del 10.9.0.0/16", { do: "route del" }],
    ["route add 10.9.0.0/16 via 10.1.1.1 dev eth0 onlink", { onlink: true }],
    [
      "neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0",
      { do: "neigh add", address: 0x0a000009, mac: 0x020000000009, dev: "eth0" },
    ],
    ["neigh replace 10.0.0.9 dev eth0 lladdr 02:00:00:00:00:09 nud permanent", { do: "neigh replace" }],
    ["neigh del 10.0.0.9 dev eth0", { do: "neigh del" }],
    ["rule add fwmark 0x10 lookup 100", { fwmark: { value: 16, mask: 0xffff_ffff } }],
    ["rule add fwmark 1/0xff lookup 100", { fwmark: { value: 1, mask: 0xff } }],
    ["rule add fwmark 0 lookup 100", { fwmark: { value: 0, mask: 0 } }],
  ])("ip %s", (text, command) => {
    expect(parse(text)).toMatchObject({ command });
  });

  test("the settings of a file leave out the first words", () => {
    expect(parseRoute(["default", "via", "10.0.0.1"])).toMatchObject({ command: { do: "route add" } });
    expect(parseNeighbour(["10.0.0.9", "lladdr", "02:00", "dev", "eth0"])).toMatchObject({ error: { word: 2 } });
  });
});

describe("errors stand at their word", () => {
  test.each([
    ["rule add fwmark red lookup 100", '3: "red" is not a mark of 32 bits, such as 0x1 or 0x1/0xff.'],
    ["rule add fwmark 0x1ffffffff lookup 100", '3: "0x1ffffffff" is not a mark of 32 bits, such as 0x1 or 0x1/0xff.'],
    ["lnk set eth0 up", '0: "lnk" is not an object of ip: link, addr, route, rule or neigh.'],
    ["addr show", '1: "show" is not an action of "ip addr": add or del.'],
    ["addr add 10.0.0.1/24", '3: "dev" and a device are missing.'],
    ["addr add 10.0.0.1/40 dev eth0", '2: "10.0.0.1/40" is not an address with a prefix length, such as 10.0.0.1/24.'],
    ["addr add 10.0.0.1/24 dev eth0 now", '5: "now" is one word too many.'],
    ["link set eth0", "3: What to set is missing: up, down, mtu, address, master or nomaster."],
    ["link set eth0 mtu 12", '4: "12" is not a number from 68 to 65535.'],
    [
      "route add 10.9.0.1/16 dev eth0",
      "2: The destination of a route has no host bits; the address must be the first of its block.",
    ],
    ["route add default via nowhere", '4: "nowhere" is not an IPv4 address.'],
    [
      "neigh add 10.0.0.9 lladdr 02:00:00:00:00:0g dev eth0",
      '4: "02:00:00:00:00:0g" is not a MAC address, such as 02:00:00:00:00:01.',
    ],
    ["neigh add 10.0.0.9 nud stale", '4: "stale" is not a neighbour state that can be set here: permanent.'],
  ])("ip %s", (text, error) => {
    expect(errorOf(text)).toBe(error);
  });

  test("what is missing altogether stands past the last word", () => {
    const parsed = parse("neigh add 10.0.0.9 dev eth0");
    expect("error" in parsed && parsed.error.word).toBeGreaterThan(4);
    expect(errorOf("")).toMatch(/is not an object of ip/);
  });
});
