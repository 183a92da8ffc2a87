/** What expressions can select fields of. Integers are bigint, as the CEL library has them. */

/** The last reply to the statement before. */
export class Reply {
  readonly received: boolean;
  readonly ttl: bigint;
  readonly from: string;
  readonly text: string;
  readonly timeMs: number;

  constructor(fields: Fields<Reply>) {
    this.received = fields.received;
    this.ttl = fields.ttl;
    this.from = fields.from;
    this.text = fields.text;
    this.timeMs = fields.timeMs;
  }
}

/** The HTTP response to the statement before. */
export class Response {
  readonly status: bigint;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly from: string;

  constructor(fields: Fields<Response>) {
    this.status = fields.status;
    this.body = fields.body;
    this.headers = fields.headers;
    this.from = fields.from;
  }
}

/** An ICMP error that the statement before heard. */
export class HeardError {
  readonly from: string;
  readonly type: bigint;
  readonly code: bigint;

  constructor(fields: Fields<HeardError>) {
    this.from = fields.from;
    this.type = fields.type;
    this.code = fields.code;
  }
}

/** What a nameserver said to the statement before. */
export class Answer {
  readonly status: string;
  readonly name: string;
  readonly from: string;
  readonly queries: bigint;
  readonly addresses: readonly string[];
  readonly records: readonly AnswerRecord[];
  readonly timeMs: number;

  constructor(fields: Fields<Answer>) {
    this.status = fields.status;
    this.name = fields.name;
    this.from = fields.from;
    this.queries = fields.queries;
    this.addresses = fields.addresses;
    this.records = fields.records;
    this.timeMs = fields.timeMs;
  }
}

export class AnswerRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl: bigint;
  readonly data: string;

  constructor(fields: Fields<AnswerRecord>) {
    this.name = fields.name;
    this.type = fields.type;
    this.ttl = fields.ttl;
    this.data = fields.data;
  }
}

export class NeighbourEntry {
  readonly state: string;
  readonly mac: string;
  readonly dev: string;

  constructor(fields: Fields<NeighbourEntry>) {
    this.state = fields.state;
    this.mac = fields.mac;
    this.dev = fields.dev;
  }
}

export class FdbEntry {
  readonly exists: boolean;
  readonly port: string;
  readonly permanent: boolean;

  constructor(fields: Fields<FdbEntry>) {
    this.exists = fields.exists;
    this.port = fields.port;
    this.permanent = fields.permanent;
  }
}

export class RouteResult {
  readonly type: string;
  readonly via: string;
  readonly dev: string;
  readonly src: string;

  constructor(fields: Fields<RouteResult>) {
    this.type = fields.type;
    this.via = fields.via;
    this.dev = fields.dev;
    this.src = fields.src;
  }
}

export class StationState {
  readonly state: string;
  readonly attempts: bigint;
  readonly collisions: bigint;
  readonly lateCollisions: bigint;
  readonly excessiveCollisions: bigint;

  constructor(fields: Fields<StationState>) {
    this.state = fields.state;
    this.attempts = fields.attempts;
    this.collisions = fields.collisions;
    this.lateCollisions = fields.lateCollisions;
    this.excessiveCollisions = fields.excessiveCollisions;
  }
}

export class Connection {
  readonly exists: boolean;
  readonly state: string;
  readonly replied: boolean;
  readonly assured: boolean;
  /** Where answers come from, and go to. */
  readonly replySource: string;
  readonly replyDestination: string;
  readonly mark: bigint;

  constructor(fields: Fields<Connection>) {
    this.exists = fields.exists;
    this.state = fields.state;
    this.replied = fields.replied;
    this.assured = fields.assured;
    this.replySource = fields.replySource;
    this.replyDestination = fields.replyDestination;
    this.mark = fields.mark;
  }
}

type Fields<Class> = { readonly [Name in keyof Class]: Class[Name] };

interface ObjectType {
  readonly ctor: new (fields: never) => object;
  /** The fields' CEL types. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The types by the names that they have in CEL. */
export const objectTypes: Readonly<Record<string, ObjectType>> = {
  Reply: { ctor: Reply, fields: { received: "bool", ttl: "int", from: "string", text: "string", timeMs: "double" } },
  Response: {
    ctor: Response,
    fields: { status: "int", body: "string", headers: "map<string, string>", from: "string" },
  },
  IcmpError: { ctor: HeardError, fields: { from: "string", type: "int", code: "int" } },
  DnsRecord: { ctor: AnswerRecord, fields: { name: "string", type: "string", ttl: "int", data: "string" } },
  Answer: {
    ctor: Answer,
    fields: {
      status: "string",
      name: "string",
      from: "string",
      queries: "int",
      addresses: "list<string>",
      records: "list<DnsRecord>",
      timeMs: "double",
    },
  },
  Neighbour: { ctor: NeighbourEntry, fields: { state: "string", mac: "string", dev: "string" } },
  FdbEntry: { ctor: FdbEntry, fields: { exists: "bool", port: "string", permanent: "bool" } },
  Station: {
    ctor: StationState,
    fields: {
      state: "string",
      attempts: "int",
      collisions: "int",
      lateCollisions: "int",
      excessiveCollisions: "int",
    },
  },
  Connection: {
    ctor: Connection,
    fields: {
      exists: "bool",
      state: "string",
      replied: "bool",
      assured: "bool",
      replySource: "string",
      replyDestination: "string",
      mark: "int",
    },
  },
  Route: { ctor: RouteResult, fields: { type: "string", via: "string", dev: "string", src: "string" } },
};
