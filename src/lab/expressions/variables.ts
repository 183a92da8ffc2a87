import type { ProgramResult } from "../../programs/program.ts";
import { formatIpv4 } from "../../wire/ipv4-address.ts";
import { Answer, AnswerRecord, HeardError, Reply, Response } from "./types.ts";

/** What an expectation can ask about the statement before it. */
interface Variable {
  readonly name: string;
  /** In CEL. */
  readonly type: string;
  readonly description: string;
  read(result: ProgramResult | null): unknown;
}

/** `result` is null before the first statement that runs a program: then nothing was sent and nothing received. */
export const expectationVariables: readonly Variable[] = [
  {
    name: "reply",
    type: "Reply",
    description: "The last reply: received, ttl, from, text, timeMs.",
    read: (result) => readReply(result?.reply),
  },
  {
    name: "response",
    type: "Response",
    description: "The HTTP response: status, body, headers, and from, which is its X-Served-By header.",
    read: (result) => readResponse(result?.response),
  },
  {
    name: "answer",
    type: "Answer",
    description:
      "What a name was found to be: status (NOERROR, NXDOMAIN), addresses, records, name, from, queries, timeMs.",
    read: (result) => readAnswer(result?.answer),
  },
  { name: "sent", type: "int", description: "How many were sent.", read: (result) => BigInt(result?.sent ?? 0) },
  {
    name: "received",
    type: "int",
    description: "How many replies came.",
    read: (result) => BigInt(result?.received ?? 0),
  },
  {
    name: "errors",
    type: "list<IcmpError>",
    description: "The ICMP errors that were heard: from, type, code.",
    read: (result) => (result?.errors ?? []).map(readError),
  },
  {
    name: "error",
    type: "string",
    description:
      'How it failed: an errno name such as "ECONNREFUSED", "EAI_NONAME" where there is no such name, or "timeout"; empty when it did not.',
    read: (result) => result?.error ?? "",
  },
];

function readReply(reply: ProgramResult["reply"]): Reply {
  return new Reply({
    received: reply !== undefined,
    ttl: BigInt(reply?.ttl ?? 0),
    from: reply === undefined ? "" : formatIpv4(reply.from),
    text: reply?.text ?? "",
    timeMs: (reply?.timeNs ?? 0) / 1_000_000,
  });
}

function readResponse(response: ProgramResult["response"]): Response {
  const headers = response?.headers ?? {};
  const served = Object.keys(headers).find((name) => name.toLowerCase() === "x-served-by");
  return new Response({
    status: BigInt(response?.status ?? 0),
    body: response?.body ?? "",
    headers,
    from: served === undefined ? "" : headers[served],
  });
}

function readAnswer(answer: ProgramResult["answer"]): Answer {
  const records = (answer?.records ?? []).map(
    ({ name, type, ttl, data }) => new AnswerRecord({ name, type, ttl: BigInt(ttl), data }),
  );
  return new Answer({
    status: answer?.status ?? "",
    name: answer?.name ?? "",
    from: answer === undefined ? "" : formatIpv4(answer.from),
    queries: BigInt(answer?.queries ?? 0),
    addresses: records.filter(({ type }) => type === "A").map(({ data }) => data),
    records,
    timeMs: (answer?.timeNs ?? 0) / 1_000_000,
  });
}

function readError(error: ProgramResult["errors"][number]): HeardError {
  return new HeardError({ from: formatIpv4(error.from), type: BigInt(error.type), code: BigInt(error.code) });
}
