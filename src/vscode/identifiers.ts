/** Names that the manifest (package.json) gives to things; a test compares the two. */
export const languageId = "k8snet";
export const debugType = "k8snet";
export const stateViewId = "k8snet.state";
export const packetBreakpointsViewId = "k8snet.packetBreakpoints";
export const recordingEditorId = "k8snet.recording";
export const diagnosticSource = "k8snet";

export const commandIds = {
  debugScenario: "k8snet.debugScenario",
  runScenario: "k8snet.runScenario",
  verifyOnLinux: "k8snet.verifyOnLinux",
  debugCapture: "k8snet.debugCapture",
  openSample: "k8snet.openSample",
  showExpansion: "k8snet.showExpansion",
  collapseState: "k8snet.collapseState",
  goToEvent: "k8snet.goToEvent",
  lastChange: "k8snet.lastChange",
  setCheckpoint: "k8snet.setCheckpoint",
  goToCheckpoint: "k8snet.goToCheckpoint",
  deleteCheckpoint: "k8snet.deleteCheckpoint",
  saveRecording: "k8snet.saveRecording",
  openRecording: "k8snet.openRecording",
  breakOnChange: "k8snet.breakOnChange",
  setRowValue: "k8snet.setRowValue",
  removeRow: "k8snet.removeRow",
  duplicatePacket: "k8snet.duplicatePacket",
  holdPacket: "k8snet.holdPacket",
  releasePacket: "k8snet.releasePacket",
  onlyThisPacket: "k8snet.onlyThisPacket",
  followReply: "k8snet.followReply",
  filterPackets: "k8snet.filterPackets",
  allPackets: "k8snet.allPackets",
  injectPacket: "k8snet.injectPacket",
  why: "k8snet.why",
  applySuggestion: "k8snet.applySuggestion",
  nextEvent: "k8snet.nextEvent",
  editPacketCondition: "k8snet.editPacketCondition",
  editPacketHitCount: "k8snet.editPacketHitCount",
  editPacketLogMessage: "k8snet.editPacketLogMessage",
  removeWatchedData: "k8snet.removeWatchedData",
  clearPacketBreakpoints: "k8snet.clearPacketBreakpoints",
} as const;

/** The setting that limits how many threads are listed. */
export const threadsSection = "k8snet.threads";
export const maximumSetting = "maximum";

/** Set once the extension is at work: from then on its view is shown. */
export const activeContextKey = "k8snet.active";

/** Set where processes can be started: `k8snet verify` is one. */
export const canVerifyContextKey = "k8snet.canVerify";

/** The scheme of documents that a run makes. */
export const generatedScheme = "k8snet";
