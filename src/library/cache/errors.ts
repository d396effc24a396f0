/** A load did not finish within its deadline. */
export class LoadTimeoutError extends Error {
  override readonly name = 'LoadTimeoutError';
  readonly key: string;
  readonly timeoutS: number;

  constructor(key: string, timeoutS: number) {
    super(`Loading ${key} took longer than ${timeoutS} s`);
    this.key = key;
    this.timeoutS = timeoutS;
  }
}

/** The cache was closed while a load was under way. */
export class CacheClosedError extends Error {
  override readonly name = 'CacheClosedError';

  constructor() {
    super('The cache is closed');
  }
}
