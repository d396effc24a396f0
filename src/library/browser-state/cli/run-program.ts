import { spawn } from 'node:child_process';
import { once } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What the arguments contain in place of the profile's folder. */
const PLACEHOLDER = '{}';

/** How a program has ended. */
export interface ProgramResult {
  /** Its exit code; 1 if a signal has ended it. */
  readonly code: number;
  /** Whether this process was asked to end, and has passed the signal on. A browser then closes its profile. */
  readonly stopped: boolean;
}

/**
 * Runs a program with a profile's folder: in place of `{}` in its arguments, and in the variable PROFILE_DIR.
 * @throws Error if the program cannot be started
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  dir: string,
): Promise<ProgramResult> {
  const child = spawn(
    program,
    args.map((arg) => arg.replaceAll(PLACEHOLDER, dir)),
    { stdio: 'inherit', env: { ...process.env, PROFILE_DIR: dir } },
  );
  let stopped = false;
  const pass = (signal: NodeJS.Signals) => {
    stopped = true;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return { code: code ?? 1, stopped };
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, pass);
  }
}
