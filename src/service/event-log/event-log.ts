import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { createSystemClock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { Stream } from '../streams/streams.ts';
import { BoundedQueue } from './bounded-queue.ts';
import type { Question, Questions } from './protocol.ts';
import type {
  Change,
  Description,
  EventCounts,
  EventQuery,
  EventRecord,
  Keeping,
  Report,
} from './records.ts';
import { WorkerAwayError, WorkerThread } from './worker-thread.ts';

/** Handing this many over holds the event loop for about a millisecond. */
const BATCH = 250;
/** Changes that wait to be handed over. */
const MAX_QUEUED = 50_000;
const READ_DEADLINE_MS = 2000;
const CATCH_UP_MS = 500;
/** Opening and checking a large file on a slow disk comes before the first answer. */
const WRITE_DEADLINE_MS = 60_000;
const CLOSE_DEADLINE_MS = 2000;

export interface EventLogOptions {
  /** The folder for `history.sqlite`. */
  dataDir: string;
  maxEvents: number;
  maxAgeS: number;
  report: (report: Report) => void;
  /** Default: the program beside this file. */
  program?: URL;
  maxQueued?: number;
}

export interface EventLogStats extends EventCounts {
  /** Events lost because neither the file nor memory had room for them. */
  dropped: number;
  queued: number;
  keeping: Keeping | null;
}

/**
 * The event log and the streams, kept in a SQLite file by a worker thread: nothing here waits for the disk.
 * What is to be kept is queued and handed over in batches, one at a time. A batch that a lost worker may or
 * may not have written is handed over again: each change has its own identity, so none is kept twice.
 */
export class EventLog {
  readonly #thread: WorkerThread;
  readonly #queue: BoundedQueue<Change>;
  readonly #report: (report: Report) => void;
  #keeping: Keeping | null = null;
  #lastId = 0;
  #dropped = 0;
  #losing = false;
  #handingOver: Promise<void> | undefined;

  constructor(options: EventLogOptions) {
    this.#report = options.report;
    this.#queue = new BoundedQueue(options.maxQueued ?? MAX_QUEUED);
    this.#thread = new WorkerThread({
      settings: {
        path: join(options.dataDir, 'history.sqlite'),
        maxEvents: options.maxEvents,
        maxAgeMs: options.maxAgeS * 1000,
      },
      // The thread lives in real time, whatever clock the rest of the application goes by.
      clock: createSystemClock(),
      program: options.program ?? new URL('./worker.ts', import.meta.url),
      onStarted: () => this.#handOver(),
      onKeeping: (keeping) => {
        this.#keeping = keeping;
      },
      report: options.report,
    });
  }

  start(): void {
    this.#thread.start();
  }

  /** How the history is kept now; null while its worker starts or is away. */
  get keeping(): Keeping | null {
    return this.#keeping;
  }

  /** Adds a line to the event log. */
  record(type: string, description: Description): void {
    const time = Date.now();
    this.#lastId = Math.max(this.#lastId + 1, time * 1000);
    this.#enqueue({ event: { id: this.#lastId, time, type, ...description } });
  }

  /** Keeps a stream as it is now. */
  save(stream: Stream): void {
    this.#enqueue({ stream });
  }

  /** The event log, newest first. @throws RoundhouseError `history_unavailable` */
  events(query: EventQuery): Promise<EventRecord[]> {
    return this.#read('events', query);
  }

  /** @throws RoundhouseError `history_unavailable` */
  async figures(): Promise<EventLogStats> {
    const figures = await this.#read('figures', null);
    return {
      ...figures,
      dropped: figures.dropped + this.#dropped,
      queued: this.#queue.size,
      keeping: this.#keeping,
    };
  }

  /**
   * Streams that had not ended, and the `ended` last ones that had.
   * @throws WorkerAwayError or Error
   */
  streams(ended: number): Promise<Stream[]> {
    return this.#thread.ask('streams', ended, WRITE_DEADLINE_MS);
  }

  /** Hands over what is left, closes the file and ends the worker. */
  async close(): Promise<void> {
    await Promise.race([this.#handingOver, delay(CLOSE_DEADLINE_MS, undefined, { ref: false })]);
    await this.#thread.stop(CLOSE_DEADLINE_MS);
  }

  async #read<Q extends Question>(question: Q, ask: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    // Who has reported something finds it in the log, unless there is more to write than can be waited for.
    await Promise.race([this.#handingOver, delay(CATCH_UP_MS, undefined, { ref: false })]);
    try {
      return await this.#thread.ask(question, ask, READ_DEADLINE_MS);
    } catch (cause) {
      throw new RoundhouseError('history_unavailable', 'The history does not answer', { cause });
    }
  }

  #enqueue(change: Change): void {
    this.#countLost(this.#queue.push(change));
    this.#handOver();
  }

  #handOver(): void {
    this.#handingOver ??= this.#handOverAll().finally(() => {
      this.#handingOver = undefined;
    });
  }

  async #handOverAll(): Promise<void> {
    // What happens in one turn goes together.
    await nextTurn();
    while (this.#queue.size > 0) {
      const batch = this.#queue.take(BATCH);
      try {
        await this.#thread.ask('write', batch, WRITE_DEADLINE_MS);
      } catch (error) {
        // It goes on when a worker has started; one that hangs has to make room first.
        if (error instanceof WorkerAwayError) {
          this.#countLost(this.#queue.putBack(batch));
          this.#thread.restart();
          return;
        }
        this.#countLost(batch.length, error as Error);
      }
    }
    this.#losing = false;
  }

  /** Reports the first loss of a streak, which ends when all that was queued has been handed over. */
  #countLost(count: number, cause?: Error): void {
    if (count === 0) return;
    this.#dropped += count;
    if (this.#losing) return;
    this.#losing = true;
    const why = cause?.message ?? 'its worker does not keep up, or is away';
    this.#report({ level: 'warn', message: `The history loses events: ${why}` });
  }
}
