import { ConfigError } from './service/config/config.ts';
import { RoundhouseError } from './service/errors.ts';

const UNUSABLE_ADDRESS = new Set(['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/** Runs the program of the process. If its start fails, the process ends with the reason. */
export async function run(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    process.exit(1);
  }
}

/** Errors that an operator can fix are described without a stack trace. */
function describe(error: unknown): string {
  if (error instanceof ConfigError || error instanceof RoundhouseError) return error.message;
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `${message}: the port is in use by another program; set PORT to a free port`;
  if (code !== undefined && UNUSABLE_ADDRESS.has(code))
    return `${message}: set HOST and PORT to an address of this machine`;
  return stack ?? message;
}
