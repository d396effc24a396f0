/** Time as the panel sees it, so that tests can move it. */
export interface Clock {
  /** Milliseconds, of which only differences mean anything. */
  now(): number;
  /** Calls `fire` once after `delayMs`; returns a function that cancels the call. */
  after(delayMs: number, fire: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};
