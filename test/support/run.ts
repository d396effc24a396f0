import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a program and returns what it wrote to standard output, trimmed.
 * @throws Error that holds the command line and its standard error, if it fails.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: Pick<ExecFileOptions, 'cwd' | 'env' | 'timeout'> = {},
): Promise<string> {
  const { stdout } = await execute(command, args, { ...options, encoding: 'utf8', maxBuffer: 16 * 2 ** 20 });
  return stdout.trim();
}
