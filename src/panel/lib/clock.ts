/** Source of time, injected so that tests can control it. */
export interface Clock {
  /** Monotonic time in milliseconds. Only differences between two readings are meaningful. */
  now(): number;
  /** Calls `callback` once after `delayMs`. @returns a function that cancels the call */
  after(delayMs: number, callback: () => void): () => void;
}

/** The clock of the browser. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
