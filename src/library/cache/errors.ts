/** A load exceeded `loadTimeoutS`. */
export class LoadTimeoutError extends Error {
  override readonly name = 'LoadTimeoutError';
  /** The key that was being loaded. */
  readonly key: string;
  /** The timeout in seconds. */
  readonly timeoutS: number;

  /** @param timeoutS the timeout in seconds */
  constructor(key: string, timeoutS: number) {
    super(`Loading ${key} took longer than ${timeoutS} s`);
    this.key = key;
    this.timeoutS = timeoutS;
  }
}

/** The cache was closed while a load was in progress. */
export class CacheClosedError extends Error {
  override readonly name = 'CacheClosedError';

  constructor() {
    super('The cache is closed');
  }
}
