import { priorityNames } from "./priorities.ts";
import { type BaseChain, type ChainType, chainTypes, type NftHook, nftHooks } from "./rule-set.ts";
import { BadNft, type TokenReader } from "./tokens.ts";

export interface ChainBody {
  readonly base?: Omit<BaseChain, "policy">;
  readonly policy?: BaseChain["policy"];
  readonly comment?: string;
}

/** Reads what stands in the braces of a chain, if it has any; `readRule` reads what is a rule. */
export function readChainBody(
  reader: TokenReader,
  readBlock: (readEntry: () => void) => void,
  readRule: () => void,
): ChainBody {
  let base: Omit<BaseChain, "policy"> | undefined;
  let policy: BaseChain["policy"] | undefined;
  let comment: string | undefined;
  if (!reader.isAt("{")) return {};
  readBlock(() => {
    if (reader.take("type")) base = readHook(reader);
    else if (reader.take("policy")) policy = readPolicy(reader);
    else if (reader.isAt("comment") && reader.following.kind === "string") {
      reader.next();
      comment = reader.string("The comment");
    } else readRule();
  });
  return { base, policy, comment };
}

function readHook(reader: TokenReader): Omit<BaseChain, "policy"> {
  const typeToken = reader.word("The chain's type");
  const type = chainTypes.find((one) => one === typeToken.text);
  if (type === undefined)
    throw new BadNft(`"${typeToken.text}" is not a type of chains: ${chainTypes.join(", ")}.`, typeToken);
  reader.need("hook", 'Behind the type comes "hook NAME".');
  const hookToken = reader.word("The hook");
  const hook = nftHooks.find((one) => one === hookToken.text);
  if (hook === undefined)
    throw new BadNft(`"${hookToken.text}" is not supported as a hook: ${nftHooks.join(", ")}.`, hookToken);
  if (!hooksOfType[type].includes(hook))
    throw new BadNft(`Chains of type ${type} can be hooked at ${hooksOfType[type].join(", ")}.`, hookToken);
  if (reader.isAt("device", "devices"))
    reader.fail("Only chains at ingress have devices, and these are not supported.");
  reader.need("priority", 'Behind the hook comes "priority NUMBER".');
  const token = reader.token;
  const priority = readPriority(reader, hook);
  if (type === "nat" && priority <= -200)
    throw new BadNft("A chain of type nat comes after connection tracking: its priority is more than -200.", token);
  return { type, hook, priority };
}

const hooksOfType: Readonly<Record<ChainType, readonly NftHook[]>> = {
  filter: nftHooks,
  nat: ["prerouting", "input", "output", "postrouting"],
  route: ["output"],
};

/** `-110`, `dstnat`, `dstnat - 10`, `filter+5`. */
function readPriority(reader: TokenReader, hook: NftHook): number {
  const token = reader.token;
  // A minus sign may be a word of its own, or stick to what is beside it.
  let text = "";
  while (!reader.isAtEnd && (reader.token.kind === "word" || reader.isAt("+"))) text += reader.next().text;
  const found = /^(?:([a-z]+)(?:([+-])(\d{1,9}))?|([+-]?\d{1,9}))$/.exec(text);
  if (found === null) throw new BadNft(`"${text}" is not a priority, such as 0, -110 or dstnat - 10.`, token);
  const [, name, sign, distance, number] = found;
  if (number !== undefined) return Number(number);
  const known = priorityNames.find((one) => one.name === name);
  if (known === undefined)
    throw new BadNft(`There is no priority "${name}": ${priorityNames.map((one) => one.name).join(", ")}.`, token);
  if (known.hook !== undefined && known.hook !== hook)
    throw new BadNft(`The priority ${name} is that of the hook ${known.hook}: write ${known.priority} here.`, token);
  return known.priority + (sign === "-" ? -1 : 1) * Number(distance ?? 0);
}

function readPolicy(reader: TokenReader): BaseChain["policy"] {
  const token = reader.word("The policy");
  if (token.text !== "accept" && token.text !== "drop")
    throw new BadNft(`"${token.text}" is not a policy: accept or drop.`, token);
  return token.text;
}
