import type { CommandWord } from "../../config/command-words.ts";
import type { ClusterLayout } from "../../kube/layout.ts";
import type { World } from "../../linux/world.ts";
import { findNetns } from "../inspect/find.ts";
import { Complaint, netnsNamed } from "./command.ts";

/** A command and the namespace that it was wrapped for; 0 where it was wrapped for none. */
export interface Unwrapped {
  readonly words: readonly CommandWord[];
  readonly netns: number;
}

/** Takes off `sudo`, `ip netns exec NETNS` and `kubectl exec POD --`. */
export function unwrap(words: readonly CommandWord[], world: World, layout: ClusterLayout | undefined): Unwrapped {
  const texts = words.map(({ text }) => text);
  const [first, second, third, fourth] = texts;
  if (first === "sudo") return unwrap(words.slice(1), world, layout);
  if (first === "ip" && second === "netns" && third === "exec") {
    if (fourth === undefined) throw new Complaint("No netns name specified.");
    return within(words.slice(4), netnsNamed(world, fourth), world, layout);
  }
  if (first === "kubectl" && second === "exec") return kubectlExec(words.slice(2), world, layout);
  return { words, netns: 0 };
}

function within(
  words: readonly CommandWord[],
  netns: number,
  world: World,
  layout: ClusterLayout | undefined,
): Unwrapped {
  const inner = unwrap(words, world, layout);
  return { words: inner.words, netns: inner.netns || netns };
}

const optionsWithValue = ["-c", "--container", "-n", "--namespace"];

/** `kubectl exec [-it] POD [-c CONTAINER] -- COMMAND`: containers of a pod share its network. */
function kubectlExec(words: readonly CommandWord[], world: World, layout: ClusterLayout | undefined): Unwrapped {
  let pod: string | undefined;
  let at = 0;
  for (; at < words.length && words[at].text !== "--"; at++) {
    const { text } = words[at];
    if (optionsWithValue.includes(text)) at++;
    else if (!text.startsWith("-")) {
      if (pod !== undefined) break;
      pod = text;
    }
  }
  if (pod === undefined) throw new Complaint("error: pod or type/name must be specified");
  const command = words.slice(words[at]?.text === "--" ? at + 1 : at);
  if (command.length === 0) throw new Complaint("error: you must specify at least one command for the container");
  const netns = podNetns(pod.replace(/^pods?\//, ""), world, layout);
  if (netns === 0) throw new Complaint(`Error from server (NotFound): pods "${pod}" not found`);
  return within(command, netns, world, layout);
}

/** A pod with `hostNetwork` is in its node's namespace. */
function podNetns(pod: string, world: World, layout: ClusterLayout | undefined): number {
  const found = layout?.names.resolve(pod);
  if (found?.kind === "ambiguous")
    throw new Complaint(`There are several pods "${pod}": write ${found.candidates.join(" or ")}.`);
  return findNetns(world, found?.kind === "found" ? found.ref.netns : pod);
}
