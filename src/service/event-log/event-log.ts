import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { createSystemClock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { Stream } from '../streams/streams.ts';
import { BoundedQueue } from './bounded-queue.ts';
import type { WorkerMethod, WorkerMethods } from './protocol.ts';
import type {
  Change,
  EventCounts,
  EventDescription,
  EventQuery,
  EventRecord,
  LogLine,
  StorageState,
} from './records.ts';
import { WorkerThread, WorkerUnavailableError } from './worker-thread.ts';

/** Posting a batch of this size to the worker blocks the event loop for about a millisecond. */
const BATCH_SIZE = 250;
const MAX_QUEUED = 50_000;
const READ_TIMEOUT_MS = 2000;
/** How long a read waits for queued writes. */
const FLUSH_WAIT_MS = 500;
/** Long, because the worker opens and checks the file, which may be large and on a slow disk, before it responds. */
const WRITE_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2000;

/** Options of an {@link EventLog}. */
export interface EventLogOptions {
  /** Folder of `history.sqlite`. Created if it does not exist. */
  dataDir: string;
  /** Maximum number of stored events, and of stored streams that have ended. */
  maxEvents: number;
  /** Maximum age of events and ended streams, in seconds. */
  maxAgeS: number;
  /** Called with messages for the operator. */
  onLog: (line: LogLine) => void;
  /** Script of the worker. Defaults to `worker.ts` in this folder. */
  script?: URL;
  /** Maximum number of changes queued in memory for the worker. Defaults to 50,000. */
  maxQueued?: number;
}

/** Contents and state of the event log. */
export interface EventLogStats extends EventCounts {
  /** Events lost since the start because the file could not be written and memory was full. */
  dropped: number;
  /** Changes not yet sent to the worker. */
  queued: number;
  /** See {@link EventLog.storage}. */
  storage: StorageState | null;
}

/**
 * The event log and the streams, stored in a SQLite file by a worker thread, so the main thread never waits
 * for the disk. Changes are queued and sent in batches, one batch at a time. A batch is sent again if its
 * worker is lost before it responds; every change has an identity, so none is stored twice.
 */
export class EventLog {
  readonly #thread: WorkerThread;
  readonly #queue: BoundedQueue<Change>;
  readonly #onLog: (line: LogLine) => void;
  #storage: StorageState | null = null;
  #lastId = 0;
  #dropped = 0;
  /** Whether the current run of consecutive losses has been logged. */
  #lossLogged = false;
  #flushing: Promise<void> | undefined;

  constructor(options: EventLogOptions) {
    this.#onLog = options.onLog;
    this.#queue = new BoundedQueue(options.maxQueued ?? MAX_QUEUED);
    this.#thread = new WorkerThread({
      settings: {
        path: join(options.dataDir, 'history.sqlite'),
        maxEvents: options.maxEvents,
        maxAgeMs: options.maxAgeS * 1000,
      },
      // The worker runs in real time, whatever clock the rest of the application uses.
      clock: createSystemClock(),
      script: options.script ?? new URL('./worker.ts', import.meta.url),
      onStart: () => this.#flush(),
      onStorageChange: (storage) => {
        this.#storage = storage;
      },
      onLog: options.onLog,
    });
  }

  /** Starts the worker. Changes made before are queued. */
  start(): void {
    this.#thread.start();
  }

  /** Where the log is stored; null while the worker is starting or unavailable. */
  get storage(): StorageState | null {
    return this.#storage;
  }

  /** Appends an event with the current time. */
  record(description: EventDescription): void {
    const time = Date.now();
    this.#lastId = Math.max(this.#lastId + 1, time * 1000);
    this.#enqueue({ event: { id: this.#lastId, time, ...description } });
  }

  /** Stores the current state of a stream. */
  saveStream(stream: Stream): void {
    this.#enqueue({ stream });
  }

  /** Returns matching events, newest first. @throws RoundhouseError `history_unavailable` */
  events(query: EventQuery): Promise<EventRecord[]> {
    return this.#read('events', query);
  }

  /** Counts the stored events and returns the state of the log. @throws RoundhouseError `history_unavailable` */
  async stats(): Promise<EventLogStats> {
    const counts = await this.#read('counts', null);
    return {
      ...counts,
      dropped: counts.dropped + this.#dropped,
      queued: this.#queue.size,
      storage: this.#storage,
    };
  }

  /**
   * Deletes the events from before a time.
   * @param before milliseconds since the epoch
   * @returns their number
   * @throws RoundhouseError `history_unavailable`
   */
  deleteBefore(before: number): Promise<number> {
    return this.#read('deleteBefore', before);
  }

  /**
   * Returns all stored streams that have not ended, and the latest ones that have.
   * @param maxEnded maximum number of ended streams
   * @throws WorkerUnavailableError
   * @throws Error if the file cannot be read
   */
  streams(maxEnded: number): Promise<Stream[]> {
    return this.#thread.call('streams', maxEnded, WRITE_TIMEOUT_MS);
  }

  /** Writes what is queued, closes the file and terminates the worker. Takes 4 seconds at most. */
  async close(): Promise<void> {
    await Promise.race([this.#flushing, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    await this.#thread.stop(CLOSE_TIMEOUT_MS);
  }

  async #read<M extends WorkerMethod>(
    method: M,
    params: WorkerMethods[M]['params'],
  ): Promise<WorkerMethods[M]['result']> {
    // A client that has just reported something expects to read it, unless the backlog is too long to wait for.
    await Promise.race([this.#flushing, delay(FLUSH_WAIT_MS, undefined, { ref: false })]);
    try {
      return await this.#thread.call(method, params, READ_TIMEOUT_MS);
    } catch (cause) {
      throw new RoundhouseError('history_unavailable', 'The event log did not respond', { cause });
    }
  }

  #enqueue(change: Change): void {
    this.#countDropped(this.#queue.push(change));
    this.#flush();
  }

  #flush(): void {
    this.#flushing ??= this.#sendBatches().finally(() => {
      this.#flushing = undefined;
    });
  }

  async #sendBatches(): Promise<void> {
    // Collects the changes of one turn of the event loop into one batch.
    await nextTurn();
    while (this.#queue.size > 0) {
      const batch = this.#queue.take(BATCH_SIZE);
      try {
        await this.#thread.call('write', batch, WRITE_TIMEOUT_MS);
      } catch (error) {
        // Sending continues when the next worker starts. A worker that hangs must be terminated first.
        if (error instanceof WorkerUnavailableError) {
          this.#countDropped(this.#queue.putBack(batch));
          this.#thread.restart();
          return;
        }
        this.#countDropped(batch.length, error as Error);
      }
    }
    this.#lossLogged = false;
  }

  /** Logs only the first of consecutive losses. An empty queue ends the run. */
  #countDropped(count: number, cause?: Error): void {
    if (count === 0) return;
    this.#dropped += count;
    if (this.#lossLogged) return;
    this.#lossLogged = true;
    const reason = cause?.message ?? 'the queue is full because the worker is too slow or unavailable';
    this.#onLog({ level: 'warn', message: `event log: dropping events: ${reason}` });
  }
}
