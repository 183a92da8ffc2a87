/** Whether something holds, as far as it can be told without sending the packet. */
export type Certainty = "yes" | "no" | "maybe";

export function certain(condition: boolean): Certainty {
  return condition ? "yes" : "no";
}

/** Behind `!`. */
export function invertedIf(inverted: boolean, certainty: Certainty): Certainty {
  if (!inverted || certainty === "maybe") return certainty;
  return certainty === "yes" ? "no" : "yes";
}

/** Asked one by one until one does not hold. */
export function all<Condition>(conditions: readonly Condition[], ask: (condition: Condition) => Certainty): Certainty {
  let result: Certainty = "yes";
  for (const condition of conditions) {
    const answer = ask(condition);
    if (answer === "no") return "no";
    if (answer === "maybe") result = "maybe";
  }
  return result;
}
