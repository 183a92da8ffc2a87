import { describe, expect, it } from "vitest";
import { parseSetCommand, parseSetText, setWords } from "../../src/config/ipset-command.ts";

/** What is read, typed again; or the word at which something is wrong, and what. */
function read(text: string): string {
  const parsed = parseSetCommand(text.split(" "));
  if ("error" in parsed) return `${parsed.error.word}: ${parsed.error.message}`;
  return setWords(parsed.command)
    .map((words) => words.join(" "))
    .join("; ");
}

describe("ipset", () => {
  it("1. makes sets, as ipset save prints them", () => {
    expect(
      read("create web hash:ip,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xbd8f7076"),
    ).toBe("create web hash:ip,port");
    expect(read("-N web hash:net")).toBe("create web hash:net");
  });

  it("2. adds and deletes entries: addresses, blocks, ports of a protocol, tcp unless stated", () => {
    expect(read("add web 10.0.0.9")).toBe("add web 10.0.0.9");
    expect(read("add web 10.0.0.9/16 nomatch")).toBe("add web 10.0.0.0/16 nomatch");
    expect(read("add web 10.0.0.9,80,10.1.0.0/16")).toBe("add web 10.0.0.9,tcp:80,10.1.0.0/16");
    expect(read("del web 10.0.0.9,udp:53")).toBe("del web 10.0.0.9,udp:53");
  });

  it("2b. entries may stay for a time, and be there already", () => {
    expect(read("create web hash:ip timeout 600 maxelem 65536")).toBe("create web hash:ip timeout 600");
    expect(read("add web 10.0.0.9 timeout 0 -exist")).toBe("add web 10.0.0.9 timeout 0 -exist");
    expect(read("add web 10.0.0.0/8 nomatch timeout 30")).toBe("add web 10.0.0.0/8 nomatch timeout 30");
    expect(read("del web 10.0.0.9 -exist")).toBe("del web 10.0.0.9 -exist");
  });

  it("3. ranges stand for each of their members", () => {
    expect(read("add web 10.0.0.1-10.0.0.2,8000-8001")).toBe(
      "add web 10.0.0.1,tcp:8000; add web 10.0.0.1,tcp:8001; add web 10.0.0.2,tcp:8000; add web 10.0.0.2,tcp:8001",
    );
    expect(read("add web 10.0.0.0-10.9.0.0")).toMatch(/^2: /);
  });

  it("4. flushes and destroys one set, or all", () => {
    expect([read("flush web"), read("destroy"), read("-X web")]).toEqual(["flush web", "destroy", "destroy web"]);
  });

  it("5. says at which word something is wrong", () => {
    expect(read("swap a b")).toBe('0: ipset has no command "swap" here.');
    expect(read("add")).toBe("1: The name of the set is missing.");
    expect(read("create web list:set")).toMatch(/^2: Sets of type "list:set" are not supported; there are hash:ip /);
    expect(read("create web hash:ip counters")).toBe('3: "counters" is not supported of sets.');
    expect(read("create web hash:ip timeout")).toBe("4: The value of timeout is missing.");
    expect(read("create web hash:ip timeout 2147484")).toBe('4: "2147484" is not a number of seconds up to 2147483.');
    expect(read("create web hash:ip family inet6")).toBe("4: Only family inet is supported: k8snet speaks IPv4.");
    expect(read("add web")).toBe("2: The entry is missing: add web 10.244.0.9.");
    expect(read("add web 10.0.0.256")).toBe('2: "10.0.0.256" is neither an address, a block, nor a port.');
    expect(read("add web 10.0.0.1 packets 5")).toBe('3: "packets" is not supported of entries.');
    expect(read(`create ${"x".repeat(32)} hash:ip`)).toBe("1: The name of a set has 31 characters at most.");
  });

  it("6. a saved text: a command in each line, each problem at its place", () => {
    expect(parseSetText("# saved\n\ncreate web hash:ip\n  add web nonsense\n")).toEqual([
      { line: 3, command: { action: "create", set: "web", type: "hash:ip" } },
      { line: 4, column: 11, length: 8, message: '"nonsense" is neither an address, a block, nor a port.' },
    ]);
  });
});
