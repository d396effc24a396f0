import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Cleanup } from './cleanup.ts';

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_OUTPUT_CHARS = 2000;

/** A child process of the benchmark. */
export interface Child {
  pid: number;
  /** Ends the process with SIGTERM, after 10 s with SIGKILL. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** A program to start. Its environment is `PATH` and `env`. */
export interface Program {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Working directory. Defaults to that of this process. */
  cwd?: string;
}

/**
 * Starts a program and reads its output until a line shows that it is ready.
 * @param ready returns a value for that line, and null for any other line
 * @returns the process, and the value as `readyValue`
 * @throws Error with the last output of the program if it ends before that or is not ready within 20 s
 */
export async function startChild<T>(
  cleanup: Cleanup,
  program: Program,
  ready: (line: string) => T | null,
): Promise<Child & { readyValue: T }> {
  const child = spawn(program.command, program.args, {
    ...(program.cwd && { cwd: program.cwd }),
    env: { PATH: process.env.PATH, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = cleanup.add(() => end(child));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let output = '';
  const fail = (reason: string) => reject(new Error(`${program.command} ${reason}: ${output.trim()}`));
  const timer = setTimeout(() => fail('was not ready in time'), READY_TIMEOUT_MS);
  // Keeps reading after the program is ready, because a full pipe would block it.
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output = `${output}${line}\n`.slice(-KEPT_OUTPUT_CHARS);
      const value = ready(line);
      if (value !== null) resolve(value);
    });
  }
  child.once('error', (error) => fail(error.message));
  child.once('exit', () => fail('ended'));
  try {
    const readyValue = await promise;
    return { pid: child.pid!, stop, readyValue };
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(overdue);
}
