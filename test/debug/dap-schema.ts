import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { Ajv, type ValidateFunction } from "ajv";
import { createGenerator } from "ts-json-schema-generator";

type Definitions = Readonly<Record<string, object>>;

/** Complains about a message that the Debug Adapter Protocol does not describe; undefined for one that it does. */
export type MessageCheck = (message: DebugProtocol.ProtocolMessage) => string | undefined;

/**
 * The check made from the typings of `@vscode/debugprotocol`, with no property beyond those that they name. Where the
 * environment variable DAP_SCHEMA names the protocol's published JSON schema, messages must follow that as well.
 */
export function messageCheck(): MessageCheck {
  const checks = [checkAgainst(typingsDefinitions(), "DebugProtocol.")];
  const published = process.env.DAP_SCHEMA;
  if (published) checks.push(checkAgainst(publishedDefinitions(published), ""));
  return (message) => {
    for (const check of checks) {
      const complaint = check(message);
      if (complaint) return complaint;
    }
    return undefined;
  };
}

function typingsDefinitions(): Definitions {
  const path = fileURLToPath(import.meta.resolve("@vscode/debugprotocol/lib/debugProtocol.d.ts"));
  const generator = createGenerator({
    path,
    type: "*",
    expose: "all",
    skipTypeCheck: true,
    additionalProperties: false,
  });
  const definitions = generator.createSchema("*").definitions as Record<string, { additionalProperties?: boolean }>;
  // "Additional attributes are implementation specific", says the protocol of these.
  definitions["DebugProtocol.LaunchRequestArguments"]!.additionalProperties = true;
  definitions["DebugProtocol.AttachRequestArguments"]!.additionalProperties = true;
  return definitions;
}

/** Its `oneOf` for the arguments of Restart offers two descriptions that every object fits, so that none could pass. */
function publishedDefinitions(path: string): Definitions {
  return JSON.parse(readFileSync(path, "utf8").replaceAll('"oneOf"', '"anyOf"')).definitions;
}

function checkAgainst(definitions: Definitions, prefix: string): MessageCheck {
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema({ $id: "dap", definitions });
  const compiled = new Map<string, ValidateFunction>();
  return (message) => {
    const name = prefix + definitionOf(message);
    if (!definitions[name]) return `${name} is no message of the protocol: ${JSON.stringify(message)}`;
    // The generator writes "." in references as it is, and so does the pointer here.
    const validate = compiled.get(name) ?? ajv.compile({ $ref: `dap#/definitions/${name}` });
    compiled.set(name, validate);
    if (validate(message)) return undefined;
    return `${name}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(message)}`;
  };
}

/** `StoppedEvent`, `SetBreakpointsResponse`; what is not of the protocol itself has the general form. */
function definitionOf(message: DebugProtocol.ProtocolMessage): string {
  if (message.type === "event") {
    const { event } = message as DebugProtocol.Event;
    return event.includes("/") ? "Event" : `${capitalized(event)}Event`;
  }
  if (message.type === "request") {
    const { command } = message as DebugProtocol.Request;
    return command.includes("/") ? "Request" : `${capitalized(command)}Request`;
  }
  const response = message as DebugProtocol.Response;
  if (!response.success) return "ErrorResponse";
  return response.command.includes("/") ? "Response" : `${capitalized(response.command)}Response`;
}

function capitalized(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
