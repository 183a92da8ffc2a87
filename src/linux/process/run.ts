import type { SourceRange } from "../../base/source-range.ts";
import type { ProgramEffect, ProgramInput, ProgramStep } from "../../programs/program.ts";
import { never } from "../../sim/timers.ts";
import type { AnyProgram } from "../processes.ts";
import { openArp, sendArp } from "../socket/arp-socket.ts";
import { openPing, sendEcho } from "../socket/ping-socket.ts";
import { closeTcp, listenTcp, openTcpSocket, sendTcp } from "../socket/tcp-socket.ts";
import { openUdp, sendUdp, sendUdpTo } from "../socket/udp-socket.ts";
import { socketKind } from "../sockets.ts";
import { stage } from "../stage.ts";
import { UnderWayGroups } from "../under-way.ts";
import type { World } from "../world.ts";

/** Runs programs: hands them their inputs, and carries out what they want. */
export function registerProcesses(world: World): void {
  world.sim.on(stage.programWake, (row) => wake(world, row));
  world.sim.on(stage.programTimer, (row) => timerFired(world, row));
}

/** Starts a program in a namespace. `born` hears of its process before the program has done anything. */
export function startProcess(
  world: World,
  netns: number,
  program: AnyProgram,
  container: string,
  source: SourceRange | null,
  born: (process: number) => void = () => {},
): void {
  const process = world.processes.add(netns, program, container, source);
  born(process);
  carryOut(world, process, program.start(world.nowNs));
}

function wake(world: World, row: number): void {
  const { processes } = world;
  const process = processes.inputProcess.get(row);
  const input = processes.input.get(row) as ProgramInput;
  processes.inbox.remove(row);
  if (processes.latestInput.get(process) === row) processes.latestInput.set(process, 0);
  handle(world, process, input);
}

function timerFired(world: World, row: number): void {
  const { processes } = world;
  const process = processes.timerProcess.get(row);
  const timer = processes.timerNumber.get(row);
  processes.timers.remove(row);
  handle(world, process, { kind: "timer", timer });
}

function handle(world: World, process: number, input: ProgramInput): void {
  const { processes } = world;
  if (processes.exited.get(process) === 1) return;
  const program = processes.program.get(process) as AnyProgram;
  carryOut(world, process, program.handle(processes.state.get(process), input, world.nowNs));
}

function carryOut(world: World, process: number, step: ProgramStep<unknown>): void {
  const { processes, sim } = world;
  processes.state.set(process, step.state);
  const depth = sim.underWay.length;
  const effects = step.effects;
  if (effects.length === 1) return perform(world, process, effects[0]);
  const groups = new UnderWayGroups(world, depth);
  for (let i = 0; i < effects.length; i++) {
    perform(world, process, effects[i]);
    groups.take();
  }
  groups.putBack();
}

function perform(world: World, process: number, effect: ProgramEffect): void {
  switch (effect.kind) {
    case "open udp":
      return openUdp(world, process, effect);
    case "send":
      return sendOn(world, process, effect.socket, effect.data);
    case "send to":
      return sendUdpTo(world, process, effect.socket, effect.to, effect.data);
    case "open tcp":
      return openTcpSocket(world, process, effect);
    case "listen tcp":
      return listenTcp(world, process, effect);
    case "open ping":
      return openPing(world, process, effect);
    case "send echo":
      return sendEcho(world, process, effect);
    case "open arp":
      return openArp(world, process, effect);
    case "send arp":
      return sendArp(world, process, effect);
    case "close":
      return close(world, world.sockets.ofProcess(process, effect.socket));
    case "set timer":
      return setTimer(world, process, effect.timer, dueNs(world, effect));
    case "clear timer":
      return clearTimer(world, process, effect.timer);
    case "print":
      return world.listener.printed(process, effect.text);
    case "exit":
      return exit(world, process, effect);
  }
}

function sendOn(world: World, process: number, number: number, data: Uint8Array): void {
  const socket = world.sockets.ofProcess(process, number);
  if (socket === 0) return;
  if (world.sockets.kind.get(socket) === socketKind.udp) sendUdp(world, socket, data);
  else sendTcp(world, socket, data);
}

function close(world: World, socket: number): void {
  if (socket === 0) return;
  if (world.sockets.kind.get(socket) === socketKind.tcp) closeTcp(world, socket);
  else world.sockets.table.remove(socket);
}

function dueNs(world: World, { afterNs, isCoarse }: Extract<ProgramEffect, { kind: "set timer" }>): number {
  const due = world.nowNs + afterNs;
  return isCoarse === true ? world.timerNs(due) : due;
}

function setTimer(world: World, process: number, timer: number, dueNs: number): void {
  const { processes } = world;
  let row = processes.byProcessAndTimer.find(process, timer);
  if (row === 0) {
    row = processes.timers.allocate();
    processes.timerProcess.set(row, process);
    processes.timerNumber.set(row, timer);
    processes.timers.link(row);
  }
  processes.timerDue.set(row, dueNs);
}

function clearTimer(world: World, process: number, timer: number): void {
  const row = world.processes.byProcessAndTimer.find(process, timer);
  if (row === 0) return;
  world.processes.timerDue.set(row, never);
  world.processes.timers.remove(row);
}

/** exit(2): timers stop, sockets are closed. */
function exit(world: World, process: number, effect: Extract<ProgramEffect, { kind: "exit" }>): void {
  const { processes, sockets } = world;
  processes.exited.set(process, 1);
  processes.status.set(process, effect.status);
  processes.result.set(process, effect.result);
  for (const row of processes.timersOf(process)) {
    processes.timerDue.set(row, never);
    processes.timers.remove(row);
  }
  const groups = new UnderWayGroups(world, world.sim.underWay.length);
  for (const row of sockets.allOfProcess(process)) {
    close(world, row);
    groups.take();
  }
  groups.putBack();
  world.listener.exited(process);
}
