import { expect, test } from "vitest";
import { labText, openText } from "../run-lab.ts";
import { say } from "./console-lab.ts";

/** `kubectl get` tells the API server's state at this moment of the run, not what the file declares. */
const text = labText("service-endpoints").replace(
  /scenario[\s\S]*/,
  'scenario "readiness" { ready web1 false; wait 1s; endpoints web 10.244.1.9 web3; wait 1s }',
);

test("1. Pods, endpoints and slices follow the statements that have run, back and forth", () => {
  const lab = openText(text);
  const all = () =>
    ["pods", "endpoints", "endpointslices", "svc"].map((what) => say(lab, `kubectl get ${what}`)).join("\n");
  const declared = all();
  expect(declared).toMatchInlineSnapshot(`
    "NAME     READY   STATUS    RESTARTS   AGE
    client   1/1     Running   0          0s
    web1     1/1     Running   0          0s
    web2     1/1     Running   0          0s
    web3     1/1     Running   0          0s

    NAME   ENDPOINTS                                         AGE
    web    10.244.1.3:8080,10.244.1.4:8080,10.244.1.5:8080   0s

    NAME    ADDRESSTYPE   PORTS   ENDPOINTS                          AGE
    web-1   IPv4          8080    10.244.1.3,10.244.1.4,10.244.1.5   0s

    NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
    web    ClusterIP   10.96.0.10   <none>        80/TCP    0s
    "
  `);
  lab.run(1);
  const unready = ["pods", "endpoints"].map((what) => say(lab, `kubectl get ${what}`));
  expect(unready.join("\n")).toMatchInlineSnapshot(`
    "NAME     READY   STATUS    RESTARTS   AGE
    client   1/1     Running   0          0s
    web1     0/1     Running   0          0s
    web2     1/1     Running   0          0s
    web3     1/1     Running   0          0s

    NAME   ENDPOINTS                         AGE
    web    10.244.1.4:8080,10.244.1.5:8080   0s
    "
  `);
  while (lab.run(100));
  expect(say(lab, "kubectl get endpoints")).toMatchInlineSnapshot(`
    "NAME   ENDPOINTS                         AGE
    web    10.244.1.5:8080,10.244.1.9:8080   2s
    "
  `);
  expect(say(lab, "web")).toContain("2 of 2 endpoints ready");
  lab.world.sim.goTo(0);
  expect(all()).toBe(declared);
});

test("2. Changes by hand count, and come on top of what has run: rules and answers agree", () => {
  const lab = openText(text);
  lab.run(1);
  say(lab, "ready web2 false");
  expect(say(lab, "kubectl get endpoints")).toMatchInlineSnapshot(`
    "NAME   ENDPOINTS         AGE
    web    10.244.1.5:8080   0s
    "
  `);
  const rules = say(lab, "ip netns exec node1 iptables-save -t nat");
  const targets = [...rules.matchAll(/--to-destination (\S+)/g)].map(([, target]) => target);
  expect([...new Set(targets)]).toEqual([expect.stringMatching(/^10\.244\.1\.\d+:8080$/)]);
  expect(say(lab, "kubectl get ep web")).toContain(targets[0]);
  lab.world.sim.goTo(1);
  lab.world.sim.goTo(0);
  expect(say(lab, "kubectl get pods")).not.toContain("0/1");
});
