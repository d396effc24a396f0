import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Cleanup } from './cleanup.ts';

const READY_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 10_000;
const KEPT_OUTPUT = 2000;

/** A program that runs beside the bench until it is stopped. */
export interface Child {
  pid: number;
  stop(): Promise<void>;
}

export interface Program {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** The folder it runs in. Default: this process's. */
  cwd?: string;
}

/**
 * Starts a program and reads what it prints until a line tells that it is ready.
 * @param ready what to know from that line; null for any other line
 * @throws Error with the program's last words where it ends before, or takes longer than 20 s.
 */
export async function startChild<T>(
  cleanup: Cleanup,
  program: Program,
  ready: (line: string) => T | null,
): Promise<Child & { told: T }> {
  const child = spawn(program.command, program.args, {
    ...(program.cwd && { cwd: program.cwd }),
    env: { PATH: process.env.PATH, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = cleanup.add(() => end(child));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let output = '';
  const fail = (why: string) => reject(new Error(`${program.command} ${why}: ${output.trim()}`));
  const timer = setTimeout(() => fail('was not ready in time'), READY_DEADLINE_MS);
  // All of its output is read for as long as it runs: a full pipe would stop it.
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output = `${output}${line}\n`.slice(-KEPT_OUTPUT);
      const told = ready(line);
      if (told !== null) resolve(told);
    });
  }
  child.once('error', (error) => fail(error.message));
  child.once('exit', () => fail('ended'));
  try {
    const told = await promise;
    return { pid: child.pid!, stop, told };
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(overdue);
}
