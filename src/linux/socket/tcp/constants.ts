/** Linux's values, by their names in include/net/tcp.h and Documentation/networking/ip-sysctl.rst. */
const millisecondNs = 1_000_000;
const secondNs = 1_000_000_000;

/** TCP_TIMEOUT_INIT: the retransmission time-out before anything was measured. */
export const initialTimeoutNs = secondNs;
/** TCP_RTO_MIN. */
export const minimumTimeoutNs = 200 * millisecondNs;
/** TCP_RTO_MAX. */
export const maximumTimeoutNs = 120 * secondNs;
/** TCP_TIMEOUT_MIN: two ticks. */
export const minimumProbeNs = 2 * millisecondNs;
/** TCP_RESOURCE_PROBE_INTERVAL: when to try again what this machine itself could not send. */
export const resourceProbeNs = 500 * millisecondNs;
/** net.ipv4.tcp_syn_retries. */
export const synRetries = 6;
/** net.ipv4.tcp_syn_linear_timeouts: so many more retries come before the time-out begins to double. */
export const synLinearTimeouts = 4;
/** net.ipv4.tcp_synack_retries. */
export const synAckRetries = 5;
/** net.ipv4.tcp_retries2. */
export const dataRetries = 15;
/** What tcp_orphan_retries gives when net.ipv4.tcp_orphan_retries is 0. */
export const orphanRetries = 8;
/** TCP_TIMEWAIT_LEN, and net.ipv4.tcp_fin_timeout. */
export const timeWaitNs = 60 * secondNs;
/** TCP_ATO_MIN and TCP_DELACK_MIN: how long an acknowledgment waits for data to ride on. */
export const delayedAckNs = 40 * millisecondNs;
/** TCP_DELACK_MAX. */
export const maximumDelayedAckNs = 200 * millisecondNs;
/** TCP_MAX_QUICKACKS. */
export const maximumQuickAcks = 16;
/** net.ipv4.tcp_invalid_ratelimit. */
export const invalidAckIntervalNs = 500 * millisecondNs;
/** TCP_MSS_DEFAULT: what a peer takes that announces no MSS. */
export const defaultMss = 536;
/** net.ipv4.tcp_min_snd_mss: no segment is cut smaller, options apart. */
export const smallestMss = 48;
/** The shift count for the largest receive buffer, net.ipv4.tcp_rmem[2] = 32 MiB (tcp_select_initial_window). */
export const receiveWindowScale = 10;
/** Length of the timestamps option with its padding. */
export const timestampBytes = 12;
/** TCP_FASTRETRANS_THRESH. */
export const duplicateThreshold = 3;
