import { memberCount, type NodeGroup } from "./model.ts";

/** Some members of a group of nodes, by their index from 0, in ascending order. */
export type MemberChoice = (group: NodeGroup) => Iterable<number>;

export function* allMembers({ name }: NodeGroup): Generator<number> {
  for (let member = 0; member < memberCount(name); member++) yield member;
}

/** The first so many. */
export function firstMembers(most: number): MemberChoice {
  return function* ({ name }: NodeGroup): Generator<number> {
    for (let member = 0; member < Math.min(memberCount(name), most); member++) yield member;
  };
}
