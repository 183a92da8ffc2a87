import type { DebugProtocol } from "@vscode/debugprotocol";
import type { DebugLab, Motion } from "../../lab/api.ts";
import { printRecording } from "../../lab/recording/recording.ts";
import type { Refusal, StatementTarget } from "../../lab/timeline/api.ts";
import type { Arguments } from "../arguments.ts";
import { RequestError } from "../request-error.ts";
import { dataName } from "./data-name.ts";
import type { Answer, Handlers, RequestContext } from "./request.ts";

/** Requests that go through the recording without following a packet. */
export function timelineRequests(context: RequestContext): Handlers {
  const targets: StatementTarget[] = [];
  return {
    gotoTargets: (args) => ({ body: gotoTargets(context, args, targets) }),
    goto: (args) => {
      const target = targets[args.integer("targetId") - 1];
      if (target === undefined) throw new RequestError("There is no such target: gotoTargets lists them");
      return go(context, (lab) => lab.timeline.goToStatement(target));
    },
    "k8snet/recording": (args) => ({ body: recording(context, args.optionalString("title")) }),
    "k8snet/goToEvent": (args) => go(context, (lab) => lab.timeline.goTo(args.integer("event"))),
    "k8snet/lastChange": (args) => lastChange(context, args),
    "k8snet/checkpoints": () => ({ body: { checkpoints: context.opened().lab.timeline.checkpoints } }),
    "k8snet/setCheckpoint": (args) => ({
      body: context.standing().lab.timeline.setCheckpoint(args.optionalString("name")),
    }),
    "k8snet/goToCheckpoint": (args) => go(context, (lab) => lab.timeline.goToCheckpoint(args.string("name"))),
    "k8snet/deleteCheckpoint": (args) => {
      const name = args.string("name");
      if (context.opened().lab.timeline.deleteCheckpoint(name)) return {};
      throw new RequestError(`There is no checkpoint "${name}"`);
    },
  };
}

/** The text of a `.k8snetrun` file. */
function recording(context: RequestContext, title: string | undefined): { readonly content: string } {
  const taken = context.standing().lab.recording.take(title);
  if ("message" in taken) throw new RequestError(taken.message);
  return { content: printRecording(taken) };
}

function go(context: RequestContext, make: (lab: DebugLab) => Motion | Refusal): Answer {
  const run = context.standing();
  const motion = make(run.lab);
  if ("message" in motion) throw new RequestError(motion.message);
  run.resume("anywhere", () => motion);
  return {};
}

/** Of a variable, of a row or field by its id (`data`), or of an expression. */
function lastChange(context: RequestContext, args: Arguments): Answer {
  const reference = args.optionalInteger("variablesReference", 0) || undefined;
  const data = dataName(context, args.string("name"), reference);
  return go(context, (lab) => lab.timeline.lastChange(data));
}

/** A statement of the scenario can be gone to: to before it ran, or by running to it. */
function gotoTargets(
  context: RequestContext,
  args: Arguments,
  known: StatementTarget[],
): DebugProtocol.GotoTargetsResponse["body"] {
  const { format } = context;
  const uri = format.documentUri(args.object("source"));
  const found = context.standing().lab.timeline.statementTargets(uri, format.toLabLine(args.integer("line")));
  const targets = found.map((target) => {
    const { source: _source, ...place } = format.toPlace(target.source);
    return { id: known.push(target), label: target.label, ...place };
  });
  return { targets };
}
