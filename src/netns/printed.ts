/**
 * What programs print, without what differs from run to run: times, and ports that the kernel chose. The real ping and the
 * simulated one say the same otherwise. Complaints, which go to standard error, are listed last.
 */
export function comparableOutput(text: string): readonly string[] {
  const lines = comparableLines(text);
  const complaints = lines.filter((line) => /^(ar)?ping: /.test(line));
  // A ping that cannot even begin prints no first line; the simulated one has printed it when it hears of that.
  const isStillborn = complaints.some((line) => /^ping: (connect|Do you)/.test(line));
  const others = lines.filter((line) => !complaints.includes(line) && !(isStillborn && line.startsWith("PING ")));
  return [...others, ...complaints];
}

function comparableLines(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    if (line.startsWith("rtt min/avg/max")) return [];
    const comparable = line
      .replace(/time[=<][\d.]+ ms/, "time=* ms")
      .replace(/, time \d+ms$/, ", time *ms")
      .replace(/ [\d.]+ms$/, " *ms")
      .replace(/^;; Query time: \d+ msec$/, ";; Query time: * msec")
      .replace(/^(ARPING \S+) from \S+/, "$1")
      .replace(/after \d+ ms/, "after * ms")
      .replace(/after \d+ milliseconds/, "after * milliseconds")
      .replace(/:(3[2-9]|[45]\d|60)\d{3}\b/g, ":*")
      .replace(/ {2}[\d.]+ ms\b/g, "  * ms")
      .replace(/, pipe \d+$/, "")
      .trimEnd();
    return comparable === "" ? [] : [comparable];
  });
}
