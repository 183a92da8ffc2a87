/**
 * The stages of a packet's walk, and the events that are nobody's walk. A stage is what one can break on. Numbers are for
 * the recording; names are what people see: `arpRequest` is shown as `arp.request`. They follow the kernel's functions
 * where those are well known.
 */
export const stage = {
  none: 0,
  vethTransmit: 1,
  vethReceive: 2,
  loTransmit: 3,
  loReceive: 4,
  bridgeTransmit: 5,
  bridgeReceive: 6,
  bridgeForward: 7,
  bridgeFlood: 8,
  bridgeDeliver: 9,
  bridgeAge: 10,
  neighOutput: 11,
  neighTimer: 12,
  arpRequest: 13,
  arpReply: 14,
  arpReceive: 15,
  arpIgnore: 16,
  ipReceive: 17,
  ipForward: 18,
  ipFragment: 19,
  ipReassemblyTimeout: 20,
  routeInput: 21,
  routeOutput: 22,
  icmpReceive: 23,
  icmpError: 24,
  udpReceive: 25,
  tcpReceive: 26,
  tcpTimer: 27,
  tcpDelayedAck: 28,
  tcpTimeWait: 29,
  programWake: 30,
  programTimer: 31,
  drop: 32,
  statement: 33,
  scenarioEnd: 34,
  hubQueue: 35,
  hubCarrierSense: 36,
  hubTransmit: 37,
  hubCollision: 38,
  hubBackoff: 39,
  hubReceive: 40,
  hubTimer: 41,
  hubSignal: 42,
  arpProxy: 43,
  neighGc: 44,
  nfPrerouting: 45,
  nfInput: 46,
  nfForward: 47,
  nfOutput: 48,
  nfPostrouting: 49,
  nfRule: 50,
  nfReject: 51,
  conntrackLookup: 52,
  conntrackNew: 53,
  conntrackConfirm: 54,
  conntrackTimeout: 55,
  natTranslate: 56,
  ipDeliver: 57,
  ipFinish: 58,
  vxlanTransmit: 59,
  vxlanReceive: 60,
} as const;

/** Names by number. */
export const stageNames: readonly string[] = Object.keys(stage).map((key) =>
  key
    .replace(/[A-Z]/, (capital) => `.${capital.toLowerCase()}`)
    .replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`),
);

/** Stages in which a frame passes a device's tap, where `tcpdump` would see it. */
export const tapStages: ReadonlyMap<number, "in" | "out"> = new Map([
  [stage.vethTransmit, "out"],
  [stage.loTransmit, "out"],
  [stage.bridgeTransmit, "out"],
  [stage.hubQueue, "out"],
  [stage.vethReceive, "in"],
  [stage.loReceive, "in"],
  [stage.bridgeDeliver, "in"],
  [stage.hubReceive, "in"],
]);
