import { type Logger, pino } from 'pino';

const { err: describeFully } = pino.stdSerializers;

/** The log of the service: JSON lines, or text for people where standard output is a terminal. */
export function createLogger(level: string): Logger {
  const transport = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' },
  };
  return pino({
    level,
    serializers: { err: describeError },
    ...(process.stdout.isTTY ? { transport } : {}),
  });
}

/**
 * pino's description of an error leaves marks on whatever looks like an error within it, and throws where
 * that is frozen, as answers of the cache are: a line of the log has ended the process that way.
 */
export function describeError(error: Error): object {
  try {
    return describeFully(error);
  } catch {
    const { name: type, message, stack } = error;
    return { type, message, stack };
  }
}
