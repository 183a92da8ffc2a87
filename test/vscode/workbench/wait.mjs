import { setTimeout as delay } from "node:timers/promises";

const patienceMs = 15_000;

/** @param {() => Promise<boolean> | boolean} look @param {string} what */
export async function untilTrue(look, what) {
  const giveUpAt = Date.now() + patienceMs;
  while (!(await look())) {
    if (Date.now() > giveUpAt) throw new Error(`Waited in vain for ${what}`);
    await delay(100);
  }
}

/** Until one of the lines contains the text. @param {() => Promise<readonly string[]>} read @param {string} text @param {string} where */
export async function expectText(read, text, where) {
  /** @type {readonly string[]} */
  let seen = [];
  await untilTrue(async () => {
    seen = await read();
    return seen.some((line) => line.includes(text));
  }, `“${text}” in ${where}`).catch((error) => {
    throw new Error(`${error.message}; it shows:\n${seen.join("\n")}`);
  });
}
