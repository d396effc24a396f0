/** Redis is not connected. The command was not sent; the call failed without waiting. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';

  constructor(cause?: unknown) {
    super('Redis is not connected', { cause });
  }
}

/** Redis did not reply before the timeout. The command may or may not have been executed. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(command: string, timeoutMs: number) {
    super(`Redis did not reply to ${command} within ${timeoutMs} ms`);
  }
}

/** A value in Redis could not be decoded. It has been removed, and was loaded from its source instead. */
export class CorruptValueError extends Error {
  override readonly name = 'CorruptValueError';

  constructor(cause?: unknown) {
    super('A value in Redis could not be decoded', { cause });
  }
}
