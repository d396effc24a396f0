import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from '../../engines/command.ts';
import { OutputLog } from './output-log.ts';
import { now } from './proc-files.ts';
import { endGroup } from './process-group.ts';

/** Number of characters of standard error to keep for the exit summary. */
const MAX_STDERR_LENGTH = 1000;
/** Environment variables that programs need. The others are not inherited, because they include secrets. */
const INHERITED_ENV = ['HOME', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'PATH', 'TMPDIR', 'TZ'];

/** A running engine program: the leader of a process group. */
export interface EngineProcess {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Resolves when the process has exited, with its code; undefined if a signal has ended it. */
  readonly exited: Promise<number | undefined>;
  /** Its standard output and error. Ends after the process has exited. */
  readonly output: OutputLog;
  /** Resolves with the exit code or signal and the end of its standard error, once all output has been read. */
  readonly exitSummary: Promise<string>;
  /**
   * Ends the whole group: SIGTERM, then SIGKILL after `graceMs`. Concurrent calls share one attempt.
   * @returns whether the group has ended
   */
  end(graceMs: number): Promise<boolean>;
}

/**
 * Starts a program as the leader of a process group, so that its child processes can be ended with it, and so
 * that Ctrl-C in the service's terminal reaches only the service, which then ends its engines in order. Its
 * standard input is a pipe without data that closes when the service exits, even if it is killed.
 * @throws the system's error if the program cannot be started
 */
export async function startProcess(command: Command, env: Record<string, string>): Promise<EngineProcess> {
  const [program, ...args] = command;
  const inherited = INHERITED_ENV.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(inherited), ...env },
  });
  const exited = new Promise<number | undefined>((resolve) =>
    child.once('exit', (code) => resolve(code ?? undefined)),
  );
  const output = new OutputLog();
  for (const stream of [child.stdout, child.stderr]) {
    const sink = output.createSink();
    stream.on('data', (chunk: Buffer) => sink.write(chunk)).once('end', () => sink.end());
  }
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-MAX_STDERR_LENGTH);
  });
  const exitSummary = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      output.end();
      resolve(`${signal ?? `code ${code}`}${stderr && `: ${stderr.trim()}`}`);
    });
  });
  // An engine may close its standard input. Without a listener, the error would end the service.
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
