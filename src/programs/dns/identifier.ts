/** The id of a program's next query. glibc draws each; here the first is drawn and the others follow, so that two runs have the same. */
export function nextIdentifier(id: number): number {
  return (id * 25_173 + 13_849) & 0xffff;
}
