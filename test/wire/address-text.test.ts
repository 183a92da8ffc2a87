import { expect, test } from "vitest";
import { parseIpv4, parsePrefix } from "../../src/wire/address-text.ts";
import { formatIpv4, formatPrefix } from "../../src/wire/ipv4-address.ts";

test.each(["0.0.0.0", "10.244.1.9", "255.255.255.255"])("%s is read and written again", (text) => {
  const address = parseIpv4(text);
  expect(address === undefined ? undefined : formatIpv4(address)).toBe(text);
});

test.each(["", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.1/24", " 10.0.0.1", "0x0a.0.0.1", "fd00::1", "pod1"])(
  "%j is no address",
  (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  },
);

test.each(["0.0.0.0/0", "10.244.1.9/24", "255.255.255.255/32"])("%s is read and written again", (text) => {
  const prefix = parsePrefix(text);
  expect(prefix === undefined ? undefined : formatPrefix(prefix)).toBe(text);
});

test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/9", "10.0.0/8", "fd00::/8"])(
  "%j is no prefix",
  (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  },
);
