import { describe, expect, test } from "vitest";
import { conntrackWords, parseConntrackCommand } from "../../src/config/conntrack-command.ts";
import { formatIpv4 } from "../../src/wire/ipv4-address.ts";

describe("conntrack as conntrack-tools reads it", () => {
  test.each([
    ["-F", "-F"],
    ["-D -p udp", "-D -p udp"],
    ["-D -p udp --orig-dst 10.96.0.53 --orig-port-dst 53", "-D -p udp --orig-dst 10.96.0.53 --orig-port-dst 53"],
    [
      "-D -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2",
      "-D --orig-src 10.0.0.1 --orig-dst 10.0.0.2 --orig-port-src 1 --orig-port-dst 2",
    ],
    ["-D -r 10.0.0.1 -q 10.0.0.2", "-D --reply-src 10.0.0.1 --reply-dst 10.0.0.2"],
    ["--delete --proto tcp --reply-port-src 8080", "-D -p tcp --reply-port-src 8080"],
  ])("%s", (typed, words) => {
    const parsed = parseConntrackCommand(typed.split(" "));
    expect("command" in parsed ? conntrackWords(parsed.command, formatIpv4).join(" ") : parsed.error).toBe(words);
  });

  test.each([
    ["-L", 0, "Write conntrack -D with what to forget, or conntrack -F."],
    ["-D", 1, "Say what to forget, such as -p udp; -F forgets all."],
    ["-F -p udp", 1, '-F takes no "-p".'],
    ["-D -p sctp2", 2, '"sctp2" is not tcp, udp or icmp.'],
    ["-D --orig-dst 10.96", 2, '"10.96" is not an IPv4 address.'],
    ["-D --dport 99999", 2, '"99999" is not a port.'],
    ["-D --dport", 2, "The value of --dport is missing."],
    ["-D --what 1", 1, 'conntrack -D has no option "--what" here.'],
  ])("%s is refused at word %i", (typed, word, message) => {
    expect(parseConntrackCommand(typed.split(" "))).toMatchObject({ error: { word, message } });
  });
});
