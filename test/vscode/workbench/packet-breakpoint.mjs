/** A breakpoint on a kind of event, set and taken away by its check box in the tree Packet Breakpoints. */

import { lineInSample } from "./open.mjs";
import { untilTrue } from "./wait.mjs";

/** @param {import("./steps.mjs").Steps} steps */
export async function packetBreakpointSession({ workbench, step }) {
  const box = "arp.request";
  await step("the tree Packet Breakpoints has a check box for arp.request, not checked", async () => {
    await workbench.openRunAndDebug("Packet Breakpoints");
    await workbench.collapse("Run");
    await workbench.expand("Packet Breakpoints");
    await workbench.unfold("Packet Breakpoints", "ARP");
    await untilTrue(async () => !(await workbench.isChecked("Packet Breakpoints", box)), "the box to be empty");
  });
  await step("checked, F5 stops where pod1 asks", async () => {
    await workbench.toggleBox("Packet Breakpoints", box);
    await untilTrue(() => workbench.isChecked("Packet Breakpoints", box), "the box to be checked");
    await untilTrue(
      async () => (await workbench.besideTitle("Packet Breakpoints")) === "1 on",
      "the title to count it",
    );
    await workbench.pressF5();
    await workbench.callStackShows(box);
    const pod1Line = String(lineInSample(/^\s*pod pod1/));
    await untilTrue(async () => (await workbench.arrowLine()) === pod1Line, "the arrow on the line of pod1");
  });
  await step("not checked any more, Restart goes on to the end", async () => {
    for (const title of ["Variables", "Watch", "Call Stack", "Network State"]) await workbench.collapse(title);
    await workbench.toggleBox("Packet Breakpoints", box);
    await untilTrue(async () => !(await workbench.isChecked("Packet Breakpoints", box)), "the box to be empty");
    await untilTrue(async () => (await workbench.besideTitle("Packet Breakpoints")) === "", "the title to count none");
    await workbench.expand("Network State");
    await workbench.press("Restart");
    await untilTrue(async () => (await workbench.position()).startsWith("At the end"), "the end of the scenario");
  });
}
