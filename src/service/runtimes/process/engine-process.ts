import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from '../../engines/command.ts';
import { OutputLog } from './output-log.ts';
import { now } from './proc-files.ts';
import { endGroup } from './process-group.ts';

/** What an engine wrote last to its standard error is kept to say why it ended. */
const KEPT_STDERR = 1000;
/** What a program needs to run at all. The rest of the service's environment holds its keys. */
const INHERITED = ['HOME', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'PATH', 'TMPDIR', 'TZ'];

/** A running engine program: a process that leads a group of its own. */
export interface EngineProcess {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Settles as soon as the process itself has ended. */
  readonly exited: Promise<void>;
  /** What it writes to its standard output and error; ends after it has. */
  readonly output: OutputLog;
  /** How it ended and what it said last, once all its output has been read. */
  readonly exitSummary: Promise<string>;
  /**
   * Ends the whole group. All callers share one attempt, until it has failed.
   * @returns whether the group is gone.
   */
  end(graceMs: number): Promise<boolean>;
}

/**
 * Starts a program. It leads a process group, so that whatever it starts can be ended with it, and a Ctrl-C
 * at the service's terminal reaches the service alone, which then ends its engines in order. Its standard
 * input is a pipe that nothing is written to and that closes when the service dies, however it dies.
 * @throws the system's error where the program cannot be started.
 */
export async function startProcess(command: Command, env: Record<string, string>): Promise<EngineProcess> {
  const [program, ...args] = command;
  const inherited = INHERITED.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(inherited), ...env },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const output = new OutputLog();
  for (const stream of [child.stdout, child.stderr]) {
    const sink = output.createSink();
    stream.on('data', (chunk: Buffer) => sink.write(chunk)).once('end', () => sink.end());
  }
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-KEPT_STDERR);
  });
  const exitSummary = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      output.end();
      resolve(`${signal ?? `code ${code}`}${said && `: ${said.trim()}`}`);
    });
  });
  // A broken pipe must not end the service: an engine may close its standard input.
  child.stdin.on('error', () => {});
  await once(child, 'spawn');
  const startedAt = now();
  const pid = child.pid!;
  let ending: Promise<boolean> | undefined;
  const end = async (graceMs: number) => {
    ending ??= endGroup(pid, graceMs);
    const ended = await ending;
    if (!ended) ending = undefined;
    return ended;
  };
  return { pid, startedAt, exited, output, exitSummary, end };
}
