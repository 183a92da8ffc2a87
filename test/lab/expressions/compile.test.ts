import { describe, expect, it } from "vitest";
import { compileExpression, expectationContext } from "../../../src/lab/expressions/compile.ts";
import { worldFunctions } from "../../../src/lab/expressions/functions.ts";
import { expectationVariables } from "../../../src/lab/expressions/variables.ts";
import { SmallWorld } from "../inspect/small-world.ts";

describe("Compiling an expression", () => {
  it("knows the type of its value", () => {
    expect(compileExpression("reply.ttl == 64")).toMatchObject({ kind: "compiled", type: "bool" });
    expect(compileExpression('neigh("pod1", "10.244.0.3").state')).toMatchObject({ kind: "compiled", type: "string" });
  });

  it.each([
    ["reply.ttl == ", 13, 13],
    ["reply.tll == 64", 6, 9],
    ["true && rely.received", 8, 12],
    ['reply.ttl == "64"', 0, 17],
    ["reply.ttl && true", 0, 17],
    ["no(1)", 0, 5],
  ])("%s is wrong from %i to %i", (text, start, end) =>
    expect(compileExpression(text)).toMatchObject({ kind: "error", start, end }),
  );

  it("nonsense is an error with a sentence, never an exception", () => {
    for (const text of [
      "(",
      "\u0000",
      "a".repeat(5000),
      "[".repeat(500),
      "1 +* 2",
      '"',
      "reply..ttl",
      "💥",
      "{",
      "a b",
    ]) {
      const compiled = compileExpression(text);
      expect(compiled.kind).toBe("error");
      if (compiled.kind === "error") expect(compiled.message.split("\n")).toHaveLength(1);
    }
  });

  it("an expression is compiled once and evaluated in many worlds", () => {
    const compiled = compileExpression('neigh("pod1", "10.244.0.3").state');
    if (compiled.kind === "error") throw new Error(compiled.message);
    const states = [0, 0.5e9].map((untilNs) => {
      const lab = new SmallWorld();
      lab.ping("pod1", "10.244.0.3");
      lab.runUntil(untilNs);
      return compiled.evaluate(expectationContext(lab.world, null));
    });
    expect(states).toEqual([
      { kind: "value", value: "NONE" },
      { kind: "value", value: "REACHABLE" },
    ]);
  });
});

describe("What completion offers", () => {
  it("names, types and one sentence for each variable and function", () => {
    const functions = worldFunctions.map(
      ({ name, parameters, returnType }) => `${name}(${parameters.map((one) => one.name).join(", ")}): ${returnType}`,
    );
    expect(functions).toEqual([
      "neigh(netns, address): Neighbour",
      "fdb(bridge, mac): FdbEntry",
      "conntrack(netns, protocol, source, destination): Connection",
      "route(netns, address): Route",
      "station(interface): Station",
      "sysctl(netns, key): int",
    ]);
    expect(expectationVariables.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      "reply: Reply",
      "response: Response",
      "answer: Answer",
      "sent: int",
      "received: int",
      "errors: list<IcmpError>",
      "error: string",
    ]);
    for (const { description } of [...worldFunctions, ...expectationVariables])
      expect(description).toMatch(/^[A-Z].*\.$/);
  });
});
