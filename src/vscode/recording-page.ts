import type { Recording } from "../lab/recording/recording.ts";

/** What stands in the editor of a recording: what it is of, and a link that opens its run. Nothing is loaded, nothing runs. */
export function recordingPage(recording: Recording | { readonly problem: string }, link: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none';">
  <title>Recorded run</title>
</head>
<body>
${"problem" in recording ? `  <p>${escaped(recording.problem)}</p>` : summary(recording, link)}
</body>
</html>`;
}

function summary({ title, program, scenario, seed, position, edits }: Recording, link: string): string {
  const rows: readonly (readonly [string, string])[] = [
    ["Program", program.path],
    ["Scenario", scenario],
    ["Seed", String(seed)],
    ["Stands before event", String(position)],
    ["Changes by hand", String(edits.length)],
  ];
  const list = rows.map(([name, value]) => `    <dt>${name}</dt><dd>${escaped(value)}</dd>`).join("\n");
  return `  <h1>${escaped(title ?? "A recorded run")}</h1>
  <dl>
${list}
  </dl>
  <p><a href="${escaped(link)}">Debug this run</a></p>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
