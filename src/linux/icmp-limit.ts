import type { Float64Column, Int32Column } from "../sim/column.ts";
import { PairIndex } from "../sim/pair-index.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Table } from "../sim/table.ts";
import type { Ipv4Address } from "../wire/ipv4-address.ts";

/** XRLIM_BURST_FACTOR of net/ipv4/icmp.c. */
const burst = 6;
const secondNs = 1_000_000_000;
const everybody = 0;
const minuteNs = 60_000_000_000;
/** net.ipv4.route.redirect_load, redirect_number and redirect_silence. */
const redirectLoadNs = 20_000_000;
const redirectNumber = 9;
const redirectSilenceNs = 20_480_000_000;
const routeErrorCostNs = 1_000_000_000;
const routeErrorBurstNs = 5_000_000_000;

/**
 * How many ICMP errors a destination may still get (`inet_peer_xrlim_allow`): a bucket per destination that fills by one
 * every `icmp_ratelimit` and holds six.
 */
export class IcmpLimits {
  readonly table: Table;
  readonly netns: Int32Column;
  readonly address: Float64Column;
  readonly tokensNs: Float64Column;
  readonly lastNs: Float64Column;
  /** How many redirects were sent to it. */
  readonly redirects: Int32Column;
  private readonly byAddress: PairIndex;

  constructor(sim: Simulation) {
    const table = sim.addTable("icmp limit");
    this.table = table;
    this.netns = table.int32("netns");
    this.address = table.float64("address");
    this.tokensNs = table.float64("tokensNs");
    this.lastNs = table.float64("lastNs");
    this.redirects = table.int32("redirects");
    this.byAddress = table.addIndex(new PairIndex(this.netns, this.address));
  }

  /** Takes a token if there is one. `rateNs` 0 sets no limit. */
  allow(netns: number, address: Ipv4Address, nowNs: number, rateNs: number): boolean {
    if (rateNs === 0) return true;
    const row = this.byAddress.find(netns, address) || this.add(netns, address, nowNs);
    const tokensNs = Math.min(burst * rateNs, this.tokensNs.get(row) + nowNs - this.lastNs.get(row));
    const isAllowed = tokensNs >= rateNs;
    this.lastNs.set(row, nowNs);
    this.tokensNs.set(row, isAllowed ? tokensNs - rateNs : tokensNs);
    return isAllowed;
  }

  /**
   * `ip_error` (net/ipv4/route.c) asks first, of the same bucket, where no route leads on: `net.ipv4.route.error_cost` and
   * `error_burst` are one second and five.
   */
  allowRouteError(netns: number, address: Ipv4Address, nowNs: number): boolean {
    const row = this.byAddress.find(netns, address) || this.add(netns, address, nowNs);
    const tokensNs = Math.min(routeErrorBurstNs, this.tokensNs.get(row) + nowNs - this.lastNs.get(row));
    const isAllowed = tokensNs >= routeErrorCostNs;
    this.lastNs.set(row, nowNs);
    this.tokensNs.set(row, isAllowed ? tokensNs - routeErrorCostNs : tokensNs);
    return isAllowed;
  }

  /**
   * `ip_rt_send_redirect` (net/ipv4/route.c): each further redirect to the same host waits twice as long, nine that were not
   * heeded are enough, and 20.48 s of silence begin anew.
   */
  allowRedirect(netns: number, address: Ipv4Address, nowNs: number): boolean {
    const row = this.byAddress.find(netns, address) || this.add(netns, address, nowNs);
    if (nowNs > this.lastNs.get(row) + redirectSilenceNs) {
      this.tokensNs.set(row, 0);
      this.redirects.set(row, 0);
    }
    const sent = this.redirects.get(row);
    const isAllowed = sent === 0 || nowNs > this.lastNs.get(row) + redirectLoadNs * 2 ** sent;
    if (sent >= redirectNumber || isAllowed) this.lastNs.set(row, nowNs);
    if (sent >= redirectNumber || !isAllowed) return false;
    this.redirects.set(row, sent + 1);
    return true;
  }

  /**
   * `icmp_global_allow` (net/ipv4/icmp.c): of all that a namespace sends, `icmp_msgs_per_sec` on average and `icmp_msgs_burst` at once.
   * What is sent is counted by `consumeGlobal`.
   */
  allowGlobal(netns: number, nowNs: number, perSecond: number, most: number): boolean {
    const row = this.globalRow(netns, nowNs);
    const credit = this.tokensNs.get(row);
    if (credit > 0) return true;
    const elapsedNs = Math.min(nowNs - this.lastNs.get(row), secondNs);
    const more = Math.floor((perSecond * elapsedNs) / secondNs);
    if (elapsedNs < secondNs / 50 || more === 0) return false;
    this.lastNs.set(row, nowNs);
    this.tokensNs.set(row, Math.min(credit + more, most));
    return true;
  }

  /** `icmp_global_consume`: so many credits as were drawn, 0 to 2, so that nobody can count another one's errors. */
  consumeGlobal(netns: number, nowNs: number, drawn: number): void {
    const row = this.globalRow(netns, nowNs);
    this.tokensNs.set(row, this.tokensNs.get(row) - drawn);
  }

  /** The namespace's own row: nobody has this address. Its credit is in `tokensNs`. */
  private globalRow(netns: number, nowNs: number): number {
    return this.byAddress.find(netns, everybody) || this.add(netns, everybody, nowNs);
  }

  private add(netns: number, address: Ipv4Address, nowNs: number): number {
    const row = this.table.allocate();
    this.netns.set(row, netns);
    this.address.set(row, address);
    this.tokensNs.set(row, 0);
    this.lastNs.set(row, nowNs - minuteNs);
    this.redirects.set(row, 0);
    this.table.link(row);
    return row;
  }
}
