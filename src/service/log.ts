import { type Logger, pino } from 'pino';

const { err: serializeFully } = pino.stdSerializers;

/**
 * Creates the logger of the service. Writes JSON lines, or formatted text if standard output is a terminal.
 * @param level minimum level, as in LOG_LEVEL
 */
export function createLogger(level: string): Logger {
  const transport = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' },
  };
  return pino({
    level,
    serializers: { err: serializeError },
    ...(process.stdout.isTTY ? { transport } : {}),
  });
}

/** Whether lines of the level `debug` are written at this level. */
export function includesDebug(level: string): boolean {
  return level === 'debug' || level === 'trace';
}

/**
 * Serializes an error. pino's own serializer marks every nested object that looks like an error, which throws if
 * the object is frozen, as cached values are: a log line has crashed the process that way.
 * @see https://getpino.io/#/docs/api?id=pino-stdserializers
 */
export function serializeError(error: Error): object {
  try {
    return serializeFully(error);
  } catch {
    const { name: type, message, stack } = error;
    return { type, message, stack };
  }
}
