import { formatIpv4 } from "../../wire/ipv4-address.ts";
import type { RuleTrace } from "./flow.ts";

/** A trace in few words. */
export interface RuleSummary {
  /** `IP:PORT` of everybody who may get the packet in the place of whom it was sent to. */
  readonly backends: readonly string[];
  /** Some way gives the packet another source. */
  readonly masquerade: boolean;
  /**
   * ACCEPT where some way leads on and a rule chose it; NOMATCH where no rule had anything to say. Otherwise how it
   * ends: the first way decides.
   */
  readonly verdict: "ACCEPT" | "DROP" | "REJECT" | "NOMATCH";
}

export function summarize({ endings }: RuleTrace): RuleSummary {
  const onward = endings.filter(({ verdict }) => verdict === "ACCEPT").map(({ flow }) => flow);
  const backends = onward
    .filter((flow) => flow.destinationTranslated)
    .map((flow) => `${formatIpv4(flow.destination)}:${flow.destinationPort}`);
  const masquerade = onward.some((flow) => flow.sourceTranslated);
  const chosen = onward.some((flow) => flow.accepted || flow.destinationTranslated || flow.sourceTranslated);
  const refused = endings.find(({ verdict }) => verdict !== "ACCEPT")?.verdict;
  return {
    backends: [...new Set(backends)],
    masquerade,
    verdict: chosen ? "ACCEPT" : (refused ?? "NOMATCH"),
  };
}
