import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a program.
 * @returns its standard output, trimmed
 * @throws Error with the command line and the standard error if the program fails
 */
export async function run(
  command: string,
  args: readonly string[],
  options: Pick<ExecFileOptions, 'cwd' | 'env' | 'timeout'> = {},
): Promise<string> {
  const { stdout } = await execute(command, args, { ...options, encoding: 'utf8', maxBuffer: 16 * 2 ** 20 });
  return stdout.trim();
}
