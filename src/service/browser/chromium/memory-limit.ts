import type { Clock } from '../../../library/util/clock.ts';
import { readGroupMemory } from './process-memory.ts';

const MIB = 1024 * 1024;
const INTERVAL_MS = 250;

/** Observes the memory of a session's Chromium, over all its processes. */
export class MemoryLimit {
  readonly #limitMib: number;
  readonly #clock: Clock;
  readonly #read: (groupId: number) => Promise<number>;
  #usedBytes: number | null = null;
  #isStopped = false;
  #cancel: () => void = () => {};

  /** @param read returns the memory of a process group in bytes */
  constructor(limitMib: number, clock: Clock, read = readGroupMemory) {
    this.#limitMib = limitMib;
    this.#clock = clock;
    this.#read = read;
  }

  /** Memory when it was last read; null before. */
  get usedBytes(): number | null {
    return this.#usedBytes;
  }

  /** Calls `onExceeded` once with the reason when the memory of a process group exceeds the limit, or cannot be read. */
  watch(groupId: number, onExceeded: (reason: string) => void): void {
    void this.#check(groupId, onExceeded);
  }

  /** Ends the observation. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #check(groupId: number, onExceeded: (reason: string) => void): Promise<void> {
    let reason: string | undefined;
    try {
      this.#usedBytes = await this.#read(groupId);
      if (this.#usedBytes > this.#limitMib * MIB)
        reason = `Chromium used ${Math.ceil(this.#usedBytes / MIB)} MiB, more than memory_limit_mib (${this.#limitMib})`;
    } catch (error) {
      // Without its measure, the limit would not be one.
      reason = `the memory of Chromium cannot be measured: ${(error as Error).message}`;
    }
    if (this.#isStopped) return;
    if (reason === undefined)
      this.#cancel = this.#clock.after(INTERVAL_MS, () => void this.#check(groupId, onExceeded));
    else onExceeded(reason);
  }
}
