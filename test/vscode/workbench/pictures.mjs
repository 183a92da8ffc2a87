/** Makes the README's pictures of a stopped session: `node test/vscode/workbench/pictures.mjs`, after a build. */

import { join } from "node:path";
import { projectFolder } from "../../../scripts/lib/tools.mjs";
import { lineInSample, themes, withWorkbench } from "./open.mjs";

const settings = {
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "workbench.activityBar.location": "hidden",
  "workbench.statusBar.visible": false,
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "debug.internalConsoleOptions": "neverOpen",
};

for (const [shade, theme] of Object.entries(themes)) {
  await withWorkbench({ theme, settings, width: 1180, height: 760 }, async (workbench) => {
    await workbench.toggleBreakpoint(lineInSample(/^\s*bridge /));
    await workbench.openRunAndDebug();
    await workbench.widenSideBar(430);
    await workbench.pressF5();
    await workbench.roomForState();
    await workbench.keyOnStateRow("cbr0", "ArrowLeft");
    await workbench.continueUntil(async () =>
      (await workbench.stateRowsBelow("pod1")).some((row) => row.includes("REACHABLE")),
    );
    await workbench.callStackShows("bridge.receive");
    await workbench.page.mouse.move(800, 700);
    await workbench.page.screenshot({ path: join(projectFolder, "media", `session-${shade}.png`) });
  });
}
