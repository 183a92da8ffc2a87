/** More elements are not listed. */
const mostElements = 5;

/** A CEL value as CEL writes it; objects with their fields in braces. */
export function printValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${some(value.map(printValue))}]`;
  if (value instanceof Map) return printEntries([...value]);
  if (typeof value === "object" && value !== null) return printEntries(Object.entries(value));
  return String(value);
}

function printEntries(entries: readonly (readonly [unknown, unknown])[]): string {
  return `{${some(entries.map(([name, value]) => `${name}: ${printValue(value)}`))}}`;
}

function some(texts: readonly string[]): string {
  const shown = texts.slice(0, mostElements).join(", ");
  return texts.length > mostElements ? `${shown}, …` : shown;
}
