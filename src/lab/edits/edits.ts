import type { SetUp } from "../../linux/setup/apply.ts";
import type { World } from "../../linux/world.ts";
import { parseDataId } from "../data/data-id.ts";
import { findData } from "../data/data-tables.ts";
import { packetOfId } from "../data/shown-packet.ts";
import { chooseNext } from "../futures/futures.ts";
import type { HandFacet } from "./api.ts";
import { dataOfExpression } from "./data-of-expression.ts";
import type { DataEdit, Edit, MadeEdit } from "./edit.ts";
import { injection, packetChange } from "./packet-edits.ts";
import { removeRow } from "./remove-row.ts";
import { isPacketFieldSettable, setPacketField } from "./set-packet.ts";
import { type Change, isRowFieldSettable, setRowField } from "./set-row.ts";
import type { StatementsByHand } from "./statements-by-hand.ts";
import { Refused } from "./values.ts";
import { writeBytes } from "./write-bytes.ts";

const packetPrefix = "packet:";

/** Makes edits, and keeps which were made, in the order of the recording that they are part of. */
export class Edits implements HandFacet {
  private readonly world: World;
  private readonly setUp: SetUp;
  private readonly whyNone: string | undefined;
  private readonly statements: StatementsByHand;
  private readonly forgotten: (position: number) => void;
  private list: readonly MadeEdit[] = [];

  /** `forgotten` is told where a future was forgotten from. `whyNone`: refuses every edit with this reason. */
  constructor(
    world: World,
    setUp: SetUp,
    statements: StatementsByHand,
    forgotten: (position: number) => void,
    whyNone?: string,
  ) {
    this.world = world;
    this.setUp = setUp;
    this.statements = statements;
    this.whyNone = whyNone;
    this.forgotten = forgotten;
  }

  get made(): readonly MadeEdit[] {
    return this.list;
  }

  apply(edit: Edit): string | undefined {
    if (this.whyNone !== undefined) return this.whyNone;
    const { sim } = this.world;
    const { position, recorded } = sim;
    const change = this.changeFor(edit);
    if (change instanceof Refused) return change.message;
    // A program prints as it starts: it is not started twice, to see whether it can be.
    if (edit.do === "statement" && this.statements.isProgram(edit.text)) sim.forgetFuture();
    const refusal = sim.tryEdit(change);
    if (refusal !== undefined) return refusal;
    this.list = [...this.list.filter((one) => one.position <= position), { position, edit }];
    if (position < recorded) this.forgotten(position);
    return undefined;
  }

  isSettable(data: string): boolean {
    const { row, field } = parseDataId(data);
    if (field === undefined || this.whyNone !== undefined) return false;
    return row.startsWith(packetPrefix) ? isPacketFieldSettable(field) : isRowFieldSettable(row, field);
  }

  dataOf(expression: string, threadId: number): string | undefined {
    return dataOfExpression(this.world, expression, this.world.packets.byNumber.find(threadId - 1));
  }

  valueOf(data: string): string | undefined {
    const { row, field } = parseDataId(data);
    const shown = field === undefined ? undefined : findData(this.world, row)?.shown;
    return field === undefined || shown === undefined ? undefined : { ...shown.fields, ...shown.counters }[field];
  }

  settableFields(data: string): Readonly<Record<string, string>> {
    const { row, field } = parseDataId(data);
    const shown = findData(this.world, row)?.shown;
    const fields = Object.entries(shown === undefined ? {} : shown.fields);
    const isMeant = (name: string) => (field ?? name) === name && this.isSettable(`${row}#${name}`);
    return Object.fromEntries(fields.filter(([name]) => isMeant(name)));
  }

  private changeFor(edit: Edit): Change | Refused {
    switch (edit.do) {
      case "set":
        return this.setting(edit);
      case "remove":
        return removeRow({ world: this.world, setUp: this.setUp }, edit.data);
      case "inject":
        return injection(this.world, edit);
      case "next": {
        const change = chooseNext(this.world, edit.event);
        return typeof change === "string" ? new Refused(change) : change;
      }
      case "statement":
        return this.statements.change(edit.text);
      default: {
        const packet = this.world.packets.byNumber.find(edit.packet);
        if (packet === 0) return new Refused("There is no such packet in flight");
        if (edit.do === "bytes") return writeBytes(this.world, packet, edit.bytes);
        return packetChange(this.world, packet, edit);
      }
    }
  }

  private setting({ data, value }: Extract<DataEdit, { do: "set" }>): Change | Refused {
    const { row, field } = parseDataId(data);
    if (field === undefined) return new Refused(`${data} is a row: name the field that is to change`);
    if (!row.startsWith(packetPrefix)) return setRowField({ world: this.world, setUp: this.setUp }, row, field, value);
    const packet = packetOfId(this.world, row);
    if (packet === 0) return new Refused("There is no such packet in flight");
    const write = setPacketField(this.world, packet, field, value);
    if (typeof write === "string") return new Refused(write);
    return () => write() as undefined;
  }
}
