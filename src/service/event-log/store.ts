import { existsSync } from 'node:fs';
import type { Stream } from '../streams/streams.ts';
import { isCorruptionError, openFile, quarantine } from './file.ts';
import type { Change, EventCounts, EventQuery, EventRecord, LogLine, StorageState } from './records.ts';
import { addCounts, Tables } from './tables.ts';

/** Maximum number of rows that are pruned, or moved from memory to the file, in one step. */
const SLICE = 500;
/** Maximum number of events in memory while the file cannot be written. */
const MAX_IN_MEMORY = 10_000;

/** Options of an {@link EventLogStore}. */
export interface StoreOptions {
  /** Path of the SQLite file. */
  path: string;
  /** Maximum number of events, and of streams that have ended. */
  maxEvents: number;
  /** Maximum age of events and ended streams. */
  maxAgeMs: number;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
  /** Called with messages for the operator. */
  onLog: (line: LogLine) => void;
  /** Called when the store switches from its file to memory, or back. */
  onStorageChange: (storage: StorageState) => void;
}

/**
 * Stores events and streams in a SQLite file. While the file cannot be written, they are stored in memory, and
 * moved to the file later. A corrupt file is quarantined and replaced. Every method is synchronous and may
 * block on the disk.
 */
export class EventLogStore {
  readonly #options: StoreOptions;
  readonly #memory = new Tables(':memory:');
  #file: Tables | undefined;
  /** Why the file cannot be written, or null if it can. */
  #error: string | null = null;
  /** Whether the switch to memory has been logged. Reset when everything is in the file again. */
  #failureLogged = false;
  #lossLogged = false;
  #dropped = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#open();
  }

  /** Number of events lost because the file could not be written and memory was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Where new events are stored. */
  get storage(): StorageState {
    return { store: this.#error === null && !this.#hasUnwritten ? 'file' : 'memory', error: this.#error };
  }

  /** Stores changes in the file or, if that fails, in memory. */
  write(changes: readonly Change[]): void {
    const isWritten = this.storage.store === 'file' && this.#attempt((file) => file.write(changes));
    if (isWritten) return;
    this.#memory.write(changes);
    const capacity = Math.min(MAX_IN_MEMORY, this.#options.maxEvents);
    this.#countDropped(this.#memory.pruneExcess(capacity, Number.MAX_SAFE_INTEGER));
  }

  /** Returns matching events, newest first. Events in memory are newer than those in the file. */
  events({ limit, offset, ...filter }: EventQuery): EventRecord[] {
    const unwritten = this.#memory.events(filter, limit, offset);
    const rest = limit - unwritten.length;
    const skipped = this.#hasUnwritten ? this.#memory.count(filter) : 0;
    const written = this.#read([], (file) => file.events(filter, rest, Math.max(0, offset - skipped)));
    return [...unwritten, ...written];
  }

  /** Counts all events by type and category. */
  counts(): EventCounts {
    const counts = this.#memory.counts();
    const written = this.#read(null, (file) => file.counts());
    if (written) addCounts(counts, written);
    return counts;
  }

  /** Returns the streams in the file: all that have not ended, and the `maxEnded` latest that have. */
  streams(maxEnded: number): Stream[] {
    return this.#read([], (file) => file.streams(maxEnded));
  }

  /** Retries the file after a failure, and detects that the file was deleted. Call it at intervals. */
  recover(): void {
    if (this.#file && !existsSync(this.#options.path)) {
      this.#close();
      this.#handleFailure(new Error('the file was removed'));
    }
    if (this.#error === null) return;
    if (!this.#file) this.#open();
    else if (this.#attempt((file) => this.#moveSlice(file))) this.#error = null;
    this.#logRecovery();
  }

  /**
   * Moves a slice of the events in memory to the file or, if there are none, deletes a slice of the events in
   * excess of the maximum.
   * @returns whether to call again
   */
  tidy(): boolean {
    if (this.#error !== null) return false;
    if (this.#hasUnwritten) {
      this.#attempt((file) => this.#moveSlice(file));
      this.#logRecovery();
      return this.#error === null;
    }
    return this.#prune((file) => file.pruneExcess(this.#options.maxEvents, SLICE));
  }

  /**
   * Deletes a slice of the events and ended streams that are too old or too many.
   * @returns whether to call again
   */
  pruneExpired(): boolean {
    const { now, maxAgeMs, maxEvents } = this.#options;
    const before = now() - maxAgeMs;
    this.#memory.pruneExpired(before, maxEvents, SLICE);
    return this.#prune((file) => file.pruneExpired(before, maxEvents, SLICE));
  }

  /**
   * Deletes all events from before a time.
   * @param before milliseconds since the epoch
   * @returns their number
   */
  deleteBefore(before: number): number {
    const remove = (tables: Tables) => tables.deleteBefore(before, Number.MAX_SAFE_INTEGER);
    return remove(this.#memory) + (this.#file ? remove(this.#file) : 0);
  }

  /** Closes the file. */
  close(): void {
    this.#close();
    this.#memory.close();
  }

  get #hasUnwritten(): boolean {
    return this.#memory.eventCount > 0 || this.#memory.streams(1).length > 0;
  }

  #open(): void {
    try {
      this.#file = openFile(this.#options.path, (name, cause) => this.#logQuarantine(name, cause));
      this.#error = null;
    } catch (error) {
      this.#switchToMemory(error as Error);
    }
  }

  #moveSlice(file: Tables): void {
    const changes = this.#memory.oldest(SLICE);
    file.write(changes);
    this.#memory.remove(changes);
  }

  /** Runs a step on the file if it is open. @returns whether the step succeeded */
  #attempt(step: (file: Tables) => void): boolean {
    if (!this.#file) return false;
    try {
      step(this.#file);
      return true;
    } catch (error) {
      this.#handleFailure(error as Error);
      return false;
    }
  }

  /** Returns `empty` if the file is not open, or turns out to be corrupt and is replaced by an empty one. */
  #read<T>(empty: T, step: (file: Tables) => T): T {
    try {
      return this.#file ? step(this.#file) : empty;
    } catch (error) {
      if (!isCorruptionError(error)) throw error;
      this.#handleFailure(error as Error);
      return empty;
    }
  }

  /** Ignores a full disk: the next write fails too, and switches to memory. */
  #prune(step: (file: Tables) => number): boolean {
    try {
      return this.#file !== undefined && step(this.#file) > 0;
    } catch (error) {
      if (isCorruptionError(error)) this.#handleFailure(error as Error);
      return false;
    }
  }

  #handleFailure(error: Error): void {
    if (isCorruptionError(error) && this.#file) this.#replaceCorrupt(error);
    else this.#switchToMemory(error);
  }

  #switchToMemory(error: Error): void {
    const isChange = this.#error === null;
    this.#error = error.message;
    if (isChange) this.#options.onStorageChange(this.storage);
    if (this.#failureLogged) return;
    this.#failureLogged = true;
    const problem = `cannot write ${this.#options.path} (${error.message})`;
    this.#options.onLog({
      level: 'warn',
      message: `event log: ${problem}: storing events in memory for now`,
    });
  }

  #replaceCorrupt(cause: Error): void {
    this.#close();
    try {
      this.#logQuarantine(quarantine(this.#options.path, 'damaged'), cause);
      this.#open();
    } catch (error) {
      this.#switchToMemory(error as Error);
    }
  }

  #close(): void {
    try {
      this.#file?.close();
    } finally {
      this.#file = undefined;
    }
  }

  #logQuarantine(name: string, cause: Error): void {
    const problem = `cannot use the existing file (${cause.message})`;
    this.#options.onLog({ level: 'warn', message: `event log: ${problem}: renamed it to ${name}` });
  }

  #countDropped(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    if (this.#lossLogged) return;
    this.#lossLogged = true;
    const message = 'event log: dropping events: the file cannot be written and memory is full';
    this.#options.onLog({ level: 'warn', message });
  }

  #logRecovery(): void {
    if (!this.#failureLogged || this.storage.store === 'memory') return;
    this.#failureLogged = false;
    this.#lossLogged = false;
    this.#options.onStorageChange(this.storage);
    this.#options.onLog({ level: 'info', message: `event log: writing to ${this.#options.path} again` });
  }
}
