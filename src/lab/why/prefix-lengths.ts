import { formatIpv4, type Ipv4Address, prefixContains } from "../../wire/ipv4-address.ts";
import type { Asked } from "./asked.ts";
import type { Idea } from "./explanation.ts";
import { idea } from "./file-edits.ts";

/**
 * An address of the namespace may have the wrong prefix length, too long or too short for where the destination is: the lengths of
 * those whose network it is in as well.
 */
export function prefixLengthIdeas({ world, file }: Asked, netns: number, destination: Ipv4Address): readonly Idea[] {
  const { addresses, namespaces } = world;
  if (file === undefined) return [];
  return [...addresses.table.rows()].flatMap((row) => {
    const source = addresses.source.get(row);
    if (addresses.netns.get(row) !== netns || source?.uri !== file.uri) return [];
    const own = addresses.address.get(row);
    const length = addresses.prefixLength.get(row);
    const isNear = prefixContains({ address: own, length }, destination);
    const others = lengthsAround(world, netns, own).filter(
      (one) => prefixContains({ address: own, length: one }, destination) !== isNear,
    );
    const address = formatIpv4(own);
    const written = new RegExp(`(?<![\\d.])${address.replaceAll(".", "\\.")}/${length}(?!\\d)`);
    return others.flatMap((one) =>
      idea(`In ${namespaces.name.get(netns)}: ${address}/${one} in the place of ${address}/${length}`, [
        file.replaceIn(source.line, written, `${address}/${one}`),
      ]),
    );
  });
}

/** Prefix lengths of addresses elsewhere in whose network this one is, the longest first. */
function lengthsAround({ addresses }: Asked["world"], netns: number, own: Ipv4Address): readonly number[] {
  const lengths = new Set<number>();
  for (const row of addresses.table.rows()) {
    const block = { address: addresses.address.get(row), length: addresses.prefixLength.get(row) };
    if (addresses.netns.get(row) !== netns && block.length > 0 && prefixContains(block, own)) lengths.add(block.length);
  }
  return [...lengths].sort((a, b) => b - a);
}
