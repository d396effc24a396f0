import { existsSync } from 'node:fs';
import type { Stream } from '../streams/streams.ts';
import { openFile, setAside, tellsDamage } from './file.ts';
import type { Change, EventCounts, EventQuery, EventRecord, Keeping, Report } from './records.ts';
import { addFigures, Tables } from './tables.ts';

/** What retention removes, and what is moved from memory to the file, in one go. */
const SLICE = 500;
/** Events held in memory while the file cannot be written. */
const MAX_UNWRITTEN = 10_000;

export interface StoreOptions {
  path: string;
  maxEvents: number;
  maxAgeMs: number;
  /** Milliseconds since the epoch. */
  now: () => number;
  report: (report: Report) => void;
  /** Told when the history moves from its file to memory, or back. */
  onKeeping: (keeping: Keeping) => void;
}

/**
 * The history in its file or, while that cannot be written, in memory, from where it is moved to the file
 * once that can be. A damaged file is set aside. Every call is synchronous, and may wait for the disk.
 */
export class EventLogStore {
  readonly #options: StoreOptions;
  readonly #memory = new Tables(':memory:');
  #file: Tables | undefined;
  /** Why the file is not written to at the moment. */
  #fault: string | null = null;
  /** Since the last time it was in its file: one report for a streak of faults. */
  #reported = false;
  #losing = false;
  #dropped = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#open();
  }

  /** Events that were neither kept in the file nor, for want of room, in memory. */
  get dropped(): number {
    return this.#dropped;
  }

  get keeping(): Keeping {
    return { store: this.#fault === null && !this.#hasUnwritten ? 'file' : 'memory', fault: this.#fault };
  }

  write(changes: readonly Change[]): void {
    const inFile = this.keeping.store === 'file' && this.#attempt((file) => file.write(changes));
    if (inFile) return;
    this.#memory.write(changes);
    const room = Math.min(MAX_UNWRITTEN, this.#options.maxEvents);
    this.#countLost(this.#memory.pruneSurplus(room, Number.MAX_SAFE_INTEGER));
  }

  /** Newest first: what is in memory is newer than what is in the file. */
  events({ limit, offset, ...filter }: EventQuery): EventRecord[] {
    const unwritten = this.#memory.events(filter, limit, offset);
    const rest = limit - unwritten.length;
    const skipped = this.#hasUnwritten ? this.#memory.count(filter) : 0;
    const written = this.#read([], (file) => file.events(filter, rest, Math.max(0, offset - skipped)));
    return [...unwritten, ...written];
  }

  figures(): EventCounts {
    const figures = this.#memory.figures();
    const written = this.#read(null, (file) => file.figures());
    if (written) addFigures(figures, written);
    return figures;
  }

  /** Streams of the file that have not ended, and the `ended` last ones that have. */
  streams(ended: number): Stream[] {
    return this.#read([], (file) => file.streams(ended));
  }

  /** Tries the file again if it has failed, and looks whether it is still where it was. */
  recover(): void {
    if (this.#file && !existsSync(this.#options.path)) {
      this.#close();
      this.#failed(new Error('the file was removed'));
    }
    if (this.#fault === null) return;
    if (!this.#file) this.#open();
    else if (this.#attempt((file) => this.#moveSlice(file))) this.#fault = null;
    this.#tellIfBack();
  }

  /** Does a slice of what is to be done between two writes. @returns whether more is left. */
  tidy(): boolean {
    if (this.#fault !== null) return false;
    if (this.#hasUnwritten) {
      this.#attempt((file) => this.#moveSlice(file));
      this.#tellIfBack();
      return this.#fault === null;
    }
    return this.#prune((file) => file.pruneSurplus(this.#options.maxEvents, SLICE));
  }

  /** Removes a slice of what is too old. @returns whether more may be left. */
  forget(): boolean {
    const { now, maxAgeMs, maxEvents } = this.#options;
    const before = now() - maxAgeMs;
    this.#memory.pruneAged(before, maxEvents, SLICE);
    return this.#prune((file) => file.pruneAged(before, maxEvents, SLICE));
  }

  close(): void {
    this.#close();
    this.#memory.close();
  }

  get #hasUnwritten(): boolean {
    return this.#memory.eventCount > 0 || this.#memory.streams(1).length > 0;
  }

  #open(): void {
    try {
      this.#file = openFile(this.#options.path, (name, cause) => this.#reportDamage(name, cause));
      this.#fault = null;
    } catch (error) {
      this.#turnToMemory(error as Error);
    }
  }

  #moveSlice(file: Tables): void {
    const changes = this.#memory.oldest(SLICE);
    file.write(changes);
    this.#memory.remove(changes);
  }

  /** Runs a step on the file, if it is open. @returns whether it has been done. */
  #attempt(step: (file: Tables) => void): boolean {
    if (!this.#file) return false;
    try {
      step(this.#file);
      return true;
    } catch (error) {
      this.#failed(error as Error);
      return false;
    }
  }

  /** What cannot be read for damage is set aside, and read as the new file then has it: empty. */
  #read<T>(nothing: T, step: (file: Tables) => T): T {
    try {
      return this.#file ? step(this.#file) : nothing;
    } catch (error) {
      if (!tellsDamage(error)) throw error;
      this.#failed(error as Error);
      return nothing;
    }
  }

  /** A disk too full for it is found by the next write, which has somewhere else to go. */
  #prune(step: (file: Tables) => number): boolean {
    try {
      return this.#file !== undefined && step(this.#file) > 0;
    } catch (error) {
      if (tellsDamage(error)) this.#failed(error as Error);
      return false;
    }
  }

  #failed(error: Error): void {
    if (tellsDamage(error) && this.#file) this.#replaceDamaged(error);
    else this.#turnToMemory(error);
  }

  #turnToMemory(error: Error): void {
    const turned = this.#fault === null;
    this.#fault = error.message;
    if (turned) this.#options.onKeeping(this.keeping);
    if (this.#reported) return;
    this.#reported = true;
    const message = `The history cannot be written to ${this.#options.path} (${error.message}): it is kept in memory until it can`;
    this.#options.report({ level: 'warn', message });
  }

  #replaceDamaged(cause: Error): void {
    this.#close();
    try {
      this.#reportDamage(setAside(this.#options.path, 'damaged'), cause);
      this.#open();
    } catch (error) {
      this.#turnToMemory(error as Error);
    }
  }

  #close(): void {
    try {
      this.#file?.close();
    } finally {
      this.#file = undefined;
    }
  }

  #reportDamage(name: string, cause: Error): void {
    const message = `The file of the history cannot be used (${cause.message}): it was set aside as ${name}, and a new one begins`;
    this.#options.report({ level: 'warn', message });
  }

  #countLost(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    if (this.#losing) return;
    this.#losing = true;
    const message =
      'The history loses events: its file cannot be written, and what it may hold in memory is full';
    this.#options.report({ level: 'warn', message });
  }

  #tellIfBack(): void {
    if (!this.#reported || this.keeping.store === 'memory') return;
    this.#reported = false;
    this.#losing = false;
    this.#options.onKeeping(this.keeping);
    this.#options.report({ level: 'info', message: 'The history is written to its file again' });
  }
}
