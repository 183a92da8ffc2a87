import { expect, test } from "vitest";
import { openFakeLab } from "./fake-lab.ts";
import { dapHarness } from "./harness.ts";

const dap = dapHarness(openFakeLab);

test("launch", async () => {
  const client = await dap.connect();
  const program = dap.program("12 arp.request pod1/eth0\n12 bridge.flood cbr0\nprint hello\nheld a == b");
  const from = 0;
  await client.launch({ program } as object);
  await client.event("initialized", from);
  await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "bridge.flood" }] });
  await client.configurationDoneRequest();
  await client.event("stopped", from);
  await client.continueRequest({ threadId: 12 });
  await client.event("terminated", from);
  expect(dap.transcriptOf(client)).toMatchInlineSnapshot(`
    "> initialize adapterID=k8snet linesStartAt1=true columnsStartAt1=true pathFormat=path
    < initialize supportsConfigurationDoneRequest=true supportsFunctionBreakpoints=true supportsStepBack=true supportsRestartRequest=true supportsTerminateRequest=true supportsDelayedStackTraceLoading=true supportTerminateDebuggee=false
    > launch program=DIR/fake.k8snet
    < launch
    * k8snet/state position={scenario=fake event=0 timeNs=0 ended=false} reason=launched
    * initialized
    > setFunctionBreakpoints breakpoints=[{name=bridge.flood}]
    < setFunctionBreakpoints breakpoints=[{id=1 verified=true}]
    > configurationDone
    < configurationDone
    * stopped reason="function breakpoint" description="Before event 2" text="fake: event 1 at 0.001 ms" threadId=12 allThreadsStopped=true hitBreakpointIds=[1]
    * k8snet/state position={scenario=fake event=1 timeNs=1000 ended=false} reason=stopped
    > continue threadId=12
    < continue allThreadsContinued=true
    * output category=stdout output="hello\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=3 column=1
    * output category=stdout output="a == b\\n" source={name=fake.k8snet path=DIR/fake.k8snet} line=4 column=1
    * output category=console output="fake: 1 held, 0 failed\\n"
    * k8snet/state position={scenario=fake event=4 timeNs=4000 ended=true} reason=ended
    * exited exitCode=0
    * terminated"
  `);
});
