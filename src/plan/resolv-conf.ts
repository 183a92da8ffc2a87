import { formatIpv4 } from "../wire/ipv4-address.ts";
import type { ResolvConf } from "./names.ts";

/** What glibc does where /etc/resolv.conf says nothing (resolv.conf(5)). */
export const resolverDefaults = { ndots: 1, timeoutNs: 5_000_000_000, attempts: 2 } as const;

/** The lines of a pod's /etc/resolv.conf, in the order in which container runtimes write them. */
export function resolvConfLines(resolvConf: ResolvConf): readonly string[] {
  const { nameservers, search } = resolvConf;
  const options = resolverOptions(resolvConf);
  return [
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...nameservers.map((address) => `nameserver ${formatIpv4(address)}`),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
  ];
}

/** Those that are not as without a word of them. */
function resolverOptions({ ndots, timeoutNs, attempts, ...flags }: ResolvConf): readonly string[] {
  return [
    ...(ndots === resolverDefaults.ndots ? [] : [`ndots:${ndots}`]),
    ...(timeoutNs === resolverDefaults.timeoutNs ? [] : [`timeout:${timeoutNs / 1e9}`]),
    ...(attempts === resolverDefaults.attempts ? [] : [`attempts:${attempts}`]),
    ...(flags.singleRequest ? ["single-request"] : []),
    ...(flags.singleRequestReopen ? ["single-request-reopen"] : []),
    ...(flags.useVc ? ["use-vc"] : []),
  ];
}
