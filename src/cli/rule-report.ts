import type { RuleReport } from "../reach/netfilter/report.ts";

export type ReportForm = "text" | "json";

/** What of a report is wanted. */
export interface ReportOptions {
  readonly format: ReportForm;
  readonly allBackends?: boolean;
}

/** The answer of `service-trace`: who may get the packet, and the rules that say so. */
export function printAnswer(report: RuleReport, options: ReportOptions): string {
  const answer = answerOf(report, options);
  if (options.format === "json") return json(answer);
  return `${head(answer)}by\n${answer.by.map((rule) => `  ${rule}\n`).join("")}`;
}

/** The answer of `netfilter-trace`: the same, with the rules that did not match. */
export function printTried(report: RuleReport, options: ReportOptions): string {
  const answer = answerOf(report, options);
  if (options.format === "json") return json({ ...answer, tried: report.tried });
  const tried = report.tried.map(({ rule, matched }) => `  ${matched ? "match" : "-    "}  ${rule}\n`);
  return `${head(answer)}tried\n${tried.join("")}`;
}

type Answer = Omit<RuleReport, "tried">;

function answerOf({ backends, masquerade, verdict, by }: RuleReport, { allBackends }: ReportOptions): Answer {
  return { backends: allBackends ? backends : backends.slice(0, 1), masquerade, verdict, by };
}

function head({ backends, masquerade, verdict }: Answer): string {
  return [
    `verdict     ${verdict}\n`,
    `backends    ${backends.length === 0 ? "none" : backends.join(", ")}\n`,
    `masquerade  ${masquerade ? "yes" : "no"}\n`,
  ].join("");
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
