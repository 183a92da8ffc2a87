/**
 * A first debugging session, as the README tells it: open the sample, set two breakpoints, press F5, watch the ARP
 * table fill, go back.
 */

import { lineInSample } from "./open.mjs";
import { expectText, untilTrue } from "./wait.mjs";

const asked = "10.244.1.9";

/** @param {import("./steps.mjs").Steps} steps */
export async function firstSession({ workbench, step }) {
  const bridgeLine = lineInSample(/^\s*bridge /);
  const pod1Line = lineInSample(/^\s*pod pod1/);
  const pod2Line = lineInSample(/^\s*pod pod2/);
  await step("a breakpoint can be set on the bridge line", () => workbench.toggleBreakpoint(bridgeLine));
  await step("a function breakpoint can be set on arp.request", async () => {
    await workbench.openRunAndDebug();
    await workbench.addFunctionBreakpoint("arp.request");
  });
  await step("F5 stops at arp.request, with the arrow on the line of the pod that asks", async () => {
    await workbench.pressF5();
    await workbench.callStackShows("arp.request");
    await untilTrue(async () => (await workbench.arrowLine()) === String(pod1Line), "the arrow on the line of pod1");
    await workbench.roomForState();
  });
  await step("pod1 has asked, and nobody has answered: its ARP entry is new and INCOMPLETE", async () => {
    await expectText(() => arpOfPod1(workbench), `${asked} INCOMPLETE dev eth0, added`, "pod1's ARP table");
  });
  await step("the state view folds by keyboard, and Enter goes to the declaring line", async () => {
    await workbench.keyOnStateRow("cbr0", "ArrowLeft");
    await untilTrue(async () => (await workbench.stateRowsBelow("cbr0")).length === 0, "cbr0 to be folded");
    await workbench.keyOnStateRow("pod2", "Enter");
    await untilTrue(
      async () => (await workbench.cursor()).startsWith(`Ln ${pod2Line},`),
      "the cursor on the line of pod2",
    );
  });
  await step("the ARP table of pod1 fills", async () => {
    await workbench.continueUntil(async () => (await arpOfPod1(workbench)).some((row) => row.includes("REACHABLE")));
  });
  await step("the arrow stands on the bridge line when the bridge has the packet", async () => {
    await workbench.continueUntil(async () => (await workbench.arrowLine()) === String(bridgeLine));
  });
  await step("an edited file does not disturb the session, which says so", async () => {
    await workbench.type("# edited");
    await expectText(() => workbench.debugConsole(), "Restart takes the new one", "the debug console");
  });
  await step("stepping back, the entry is gone", async () => {
    await workbench.pressUntil("Step Back", async () => (await arpOfPod1(workbench)).length === 0);
  });
}

/** @param {import("./workbench.mjs").Workbench} workbench */
async function arpOfPod1(workbench) {
  return (await workbench.stateRowsBelow("pod1")).filter((row) => row.includes(asked));
}
