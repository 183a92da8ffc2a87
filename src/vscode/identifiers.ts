/** Names that the manifest (package.json) gives to things; a test compares the two. */
export const languageId = "k8snet";
export const debugType = "k8snet";
export const stateViewId = "k8snet.state";
export const diagnosticSource = "k8snet";

export const commandIds = {
  debugScenario: "k8snet.debugScenario",
  runScenario: "k8snet.runScenario",
  verifyOnLinux: "k8snet.verifyOnLinux",
  debugCapture: "k8snet.debugCapture",
  openSample: "k8snet.openSample",
  collapseState: "k8snet.collapseState",
} as const;

/** Set once the extension is at work: from then on its view is shown. */
export const activeContextKey = "k8snet.active";

/** Set where processes can be started: `k8snet verify` is one. */
export const canVerifyContextKey = "k8snet.canVerify";

/** The scheme of documents that a run makes. */
export const generatedScheme = "k8snet";
