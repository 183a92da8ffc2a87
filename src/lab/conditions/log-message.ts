import type { ExpressionError } from "../expressions/compile.ts";
import { compilePrint } from "./compile.ts";
import type { Subject } from "./subject.ts";

/** Text with values in it: `{ip.src} asks for {arp.dst.proto_ipv4}`. */
export interface LogMessage {
  readonly kind: "message";
  print(subject: Subject): string;
}

const parts = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;

/** Reads a log message; `{{` and `}}` stand for the braces themselves. What a packet does not have is printed as a dash. */
export function compileLogMessage(text: string): LogMessage | ExpressionError {
  const printers: ((subject: Subject) => string)[] = [];
  for (const match of text.matchAll(parts)) {
    const [part, expression] = match;
    if (expression !== undefined) {
      const compiled = compilePrint(expression);
      if (compiled.kind === "error") {
        const offset = match.index + 1;
        return { ...compiled, start: compiled.start + offset, end: compiled.end + offset };
      }
      printers.push(compiled.print);
    } else if (part === "{" || part === "}") {
      const message = `A "${part}" has no partner. Write "${part}${part}" for the brace itself.`;
      return { kind: "error", message, start: match.index, end: match.index + 1 };
    } else {
      const plain = part === "{{" || part === "}}" ? part[0] : part;
      printers.push(() => plain);
    }
  }
  return { kind: "message", print: (subject) => printers.map((print) => print(subject)).join("") };
}
