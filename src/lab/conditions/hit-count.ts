/** Says whether the nth hit of a breakpoint counts. */
export type HitTest = (hit: number) => boolean;

/** `5` or `== 5`: the fifth hit; `>= 5`, `> 5`, `< 5`, `<= 5`: those; `% 3`: every third. */
export function parseHitCount(text: string): HitTest | { readonly message: string } {
  const match = /^\s*(>=|<=|==|=|>|<|%)?\s*(\d{1,15})\s*$/.exec(text);
  if (match === null) return { message: `A hit count is a number, or one after >=, >, ==, <=, < or %; not "${text}".` };
  const wanted = Number(match[2]);
  if (match[1] === "%" && wanted === 0) return { message: "Every 0th hit is none: write a number from 1 on after %." };
  switch (match[1]) {
    case ">=":
      return (hit) => hit >= wanted;
    case ">":
      return (hit) => hit > wanted;
    case "<=":
      return (hit) => hit <= wanted;
    case "<":
      return (hit) => hit < wanted;
    case "%":
      return (hit) => hit % wanted === 0;
    default:
      return (hit) => hit === wanted;
  }
}
