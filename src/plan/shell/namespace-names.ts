/**
 * What a plan's namespaces are called on a real machine. All names begin with a prefix of their own, so that nothing
 * else on the machine is touched.
 */
export class NamespaceNames {
  readonly prefix: string;
  private readonly byPlanName = new Map<string, string>();
  private readonly taken = new Set<string>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** The same name for the same namespace. A file name in /run/netns: at most 255 bytes, without slashes. */
  of(netns: string): string {
    const known = this.byPlanName.get(netns);
    if (known !== undefined) return known;
    const plain = `${this.prefix}${netns.replace(/[^\w.-]+/g, ".").slice(0, 200)}`;
    let name = plain;
    for (let n = 2; this.taken.has(name); n++) name = `${plain}.${n}`;
    this.taken.add(name);
    this.byPlanName.set(netns, name);
    return name;
  }
}
