/** Redis is not connected: nothing was sent, and nobody has waited. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError';

  constructor(cause?: unknown) {
    super('Redis is away', { cause });
  }
}

/** Redis did not answer within the deadline. Whether it has carried the command out is not known. */
export class RedisTimeoutError extends Error {
  override readonly name = 'RedisTimeoutError';

  constructor(command: string, timeoutMs: number) {
    super(`Redis did not answer ${command} within ${timeoutMs} ms`);
  }
}
