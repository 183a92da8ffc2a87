import { spawn } from "node:child_process";

/** What `k8snet verify` is to look at. */
export interface VerifyRequest {
  readonly file: string;
  /** Only this scenario of the file. */
  readonly scenario?: string;
}

/** `k8snet verify` as a process of its own. */
export interface VerifyProcess {
  /** Rejects when it could not be started. */
  readonly ended: Promise<VerifyEnd>;
  /** Ctrl-C: it removes what it has made, and ends. */
  cancel(): void;
}

/** How it ended, and all that it printed. */
export interface VerifyEnd {
  /** Its exit status; undefined when a signal ended it. */
  readonly status: number | undefined;
  readonly out: string;
  readonly error: string;
}

/** Starts it; `hear` gets what it prints, as it comes. */
export function startVerify(cli: string, request: VerifyRequest, hear: (text: string) => void): VerifyProcess {
  // In a desktop VS Code this executable is Electron, which is Node only when it is asked to be.
  const child = spawn(process.execPath, [cli, ...verifyArguments(request)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
  });
  let [out, error] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    hear(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    error += text;
    hear(text);
  });
  const ended = new Promise<VerifyEnd>((done, failed) => {
    child.once("error", failed);
    child.once("close", (status) => done({ status: status ?? undefined, out, error }));
  });
  return { ended, cancel: () => void child.kill("SIGINT") };
}

/** `=` and `--` keep names that begin with a dash from being taken for options. */
function verifyArguments({ file, scenario }: VerifyRequest): readonly string[] {
  return ["verify", ...(scenario === undefined ? [] : [`--scenario=${scenario}`]), "--", file];
}
