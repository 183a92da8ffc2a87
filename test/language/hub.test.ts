import { describe, expect, test } from "vitest";
import { compileSync } from "../../src/language/compile.ts";
import { withoutTwin } from "../../src/plan/shell/without-twin.ts";

/** A file with two namespaces and a hub of these lines, the first of which is line 3. */
function hub(...lines: string[]): string {
  return ["netns h1; netns h2 { bridge br0 }", "hub lan {", ...lines, '}; scenario "s" { wait 1s }'].join("\n");
}

function compiled(text: string) {
  const { plan, diagnostics } = compileSync(text, "test.k8snet");
  const problems = diagnostics.map(({ code, range, message }) => `${range.line}:${range.column} ${code}: ${message}`);
  const commands = [...plan.setUp()].map(({ source, ...command }) => ({ ...command, line: source.line }));
  return { plan, problems, commands };
}

describe("A hub", () => {
  test("is made before the cards that are plugged into it; half duplex, 10 Mbit/s and 100 m of cable unless it says otherwise", () => {
    const { problems, commands } = compiled(
      hub(
        "speed 100Mbit",
        "station h1/eth0 address 10.0.0.1/24 mac 02:00:00:00:00:01",
        "station h2/p1 cable 30m duplex full master br0",
      ),
    );
    expect(problems).toEqual([]);
    expect(commands.slice(commands.findIndex((command) => command.do === "hub add"))).toEqual([
      { do: "hub add", hub: "lan", bitRate: 100_000_000, line: 2 },
      { do: "station add", netns: "h1", dev: "eth0", hub: "lan", mac: 0x02_00_0000_0001, ...usual, line: 4 },
      { do: "addr add", netns: "h1", dev: "eth0", prefix: { address: 0x0a00_0001, length: 24 }, line: 4 },
      { do: "link set", netns: "h1", dev: "eth0", up: true, line: 4 },
      expect.objectContaining({
        do: "station add",
        netns: "h2",
        dev: "p1",
        cableMetres: 30,
        duplex: "full",
        line: 5,
      }),
      { do: "link set", netns: "h2", dev: "p1", master: "br0", up: true, line: 5 },
    ]);
    const [ten] = compiled(hub("station h1/eth0")).commands.filter((command) => command.do === "hub add");
    expect(ten).toMatchObject({ bitRate: 10_000_000 });
  });

  const usual = { cableMetres: 100, duplex: "half" };

  test("its line and those of its stations are places to stop at", () => {
    const { plan } = compiled(hub("station h1/eth0", "station h2/eth0"));
    const places = plan.places.map(({ source, kind }) => `${source.line} ${kind}`);
    expect(places).toEqual(expect.arrayContaining(["2 hub", "3 interface", "4 interface"]));
  });

  test("gives names an address to be reached at", () => {
    const text = `${hub("station h1/eth0 address 10.0.0.1/24", "station h2/eth0 address 10.0.0.2/24")}\nscenario "t" { ping h1 -> h2 }`;
    expect(compiled(text).problems).toEqual([]);
    expect(compiled(text).plan.scenarios[1].statements[0]).toMatchObject({ destination: 0x0a00_0002 });
  });

  test("is one network: an address that two of its stations have is told", () => {
    const text = hub("station h1/eth0 address 10.0.0.1/24", "station h2/eth0 address 10.0.0.1/24");
    expect(compiled(text).problems).toEqual([
      "4:25 duplicate-address: 10.0.0.1 is also the address of h1/eth0 (line 3), on the same network.",
    ]);
  });

  test.each([
    ["speed 1Gbit", "3:7 bad-speed: A hub has a speed of 10Mbit or 100Mbit."],
    ["sped 10Mbit", '3:1 unknown-setting: hub lan has no setting "sped". Did you mean speed?'],
    ["station", "3:1 missing-value: Write station NETNS/DEVICE."],
    ["station h1", '3:9 bad-endpoint: "h1" is not a station: write NETNS/DEVICE, such as pod1/eth0.'],
    ["station h3/eth0", '3:9 unknown-name: There is no pod, node, host or netns "h3". Did you mean h1?'],
    ["station h1/eth0 cable 100", '3:23 bad-length: "100" is not a length from 1m to 100km, such as 100m.'],
    ["station h1/eth0 cable 0m", '3:23 bad-length: "0m" is not a length from 1m to 100km, such as 100m.'],
    ["station h1/eth0 duplex auto", "3:24 bad-duplex: duplex is half or full."],
    ["station h1/eth0 duplex", "3:17 missing-value: The value of duplex is missing."],
    ["station h1/eth0 cabel 9m", '3:17 unknown-option: A station has no option "cabel". Did you mean cable?'],
    ["station h1/eth0; station h1/eth0", "3:18 duplicate-name: h1 already has an interface eth0 (line 3)."],
    ["bridge b", "3:1 misplaced: A bridge cannot stand inside hub. Is a } missing before it?"],
  ])("%s", (line, problem) => {
    expect(compiled(hub(line)).problems).toEqual([problem]);
  });

  test("with cables that are longer than a collision may take to be noticed", () => {
    const near = hub("station h1/eth0 cable 2km", "station h2/eth0 cable 3.12km");
    expect(compiled(near).problems).toEqual([]);
    const far = hub("station h1/eth0 cable 2km", "station h2/eth0 cable 4km");
    expect(compiled(far).problems).toEqual([
      "4:1 cable-too-long: A signal takes 60 µs from h2/eth0 to h1/eth0 and back, longer than a slot time (51.2 µs): a collision can go unnoticed, and the frame is lost.",
    ]);
    expect(
      compiled(hub("speed 100Mbit", "station h1/eth0 cable 300m", "station h2/eth0 cable 300m")).problems[0],
    ).toMatch(/^4:1 cable-too-long: .* \(5.12 µs\)/);
  });

  test("without a name, or with that of another one", () => {
    expect(compiled('hub\nscenario "s" { wait 1s }').problems).toEqual(["1:1 missing-name: This hub has no name."]);
    expect(compiled('hub a\nhub a\nscenario "s" { wait 1s }').problems).toEqual([
      "2:5 duplicate-name: There is already a hub a (line 1).",
    ]);
  });

  test("stands at the top of the file", () => {
    expect(compiled('netns h1 { hub lan }\nscenario "s" { wait 1s }').problems[0]).toMatch(/^1:12 misplaced: A hub /);
  });

  test("has no twin on Linux, which is said by its name", () => {
    const { plan } = compiled(hub("station h1/eth0"));
    expect(withoutTwin(plan).map(({ range, message }) => `${range.line}: ${message}`)).toEqual([
      "2: hub lan: Linux has no twin of a half-duplex segment",
    ]);
    expect(withoutTwin(compiled('netns h1\nscenario "s" { wait 1s }').plan)).toEqual([]);
  });
});
