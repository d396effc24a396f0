import type { Clock } from '../../library/cache/index.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import { type Condition, Conditions, type Reported } from './conditions.ts';
import { type Names, occurrenceOf } from './event-occurrences.ts';
import { createNotification, type Draft, type Notification } from './notification.ts';
import { type Occurrence, Occurrences } from './occurrences.ts';

/** Some changes, such as the loss of Redis, publish no event. */
const INTERVAL_MS = 5000;
/** Events arrive in groups. */
const EVENT_DELAY_MS = 100;
/** By then, an orchestrator that has deleted an engine has said so. */
const DELETION_DELAY_MS = 500;

/** Which of several orchestrators over the same engines reports what all of them observe. */
export interface Role {
  readonly leads: boolean;
  /** Null without Redis. */
  readonly redisConnected: boolean | null;
}

/** What orchestrators over the same engines share about notifications. */
export interface SharedNotifications {
  /** The failures that the former leader has reported, or null if none are stored. */
  load(): Promise<Reported | null>;
  save(reported: Reported): void;
  /** Whether another orchestrator has deleted this engine. */
  wasDeleted(engineId: string): Promise<boolean>;
}

/** Options of a {@link Notifier}. */
export interface NotifierOptions {
  bus: EventBus;
  clock: Clock;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
  /** Returns all conditions as they are now. */
  conditions: () => Condition[];
  names: Names;
  role: () => Role;
  /** Null without Redis. */
  shared: SharedNotifications | null;
  /** Seconds for which repeats are folded. */
  quietS: () => number;
  send: (notification: Notification) => void;
  /** Called when the reported failures have changed. */
  onReported: () => void;
}

/** Decides about what the operator is notified. Only the leader reports what all orchestrators observe. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #conditions: Conditions;
  readonly #occurrences: Occurrences;
  /** While Redis is away, nobody leads: the last leader continues to report. */
  #ledLast = true;
  #led = false;
  #loading = false;
  #cancel: () => void = () => {};
  #isDelayed = false;
  #unsubscribe: () => void = () => {};

  constructor(options: NotifierOptions) {
    this.#options = options;
    const quietMs = () => options.quietS() * 1000;
    this.#conditions = new Conditions(quietMs);
    const { clock } = options;
    this.#occurrences = new Occurrences({ clock, quietMs, send: (draft) => this.#send(draft) });
  }

  /** The failures that have been reported and are not over. */
  get reported(): Reported {
    return this.#shiftTimes(this.#conditions.reported, this.#epochMs);
  }

  /** Continues after a previous run, or after another orchestrator. */
  restore(reported: Reported): void {
    this.#conditions.adopt(this.#shiftTimes(reported, -this.#epochMs));
  }

  /** Begins to observe. */
  start(): void {
    this.#unsubscribe = this.#options.bus.subscribe((event) => this.#onEvent(event));
    this.#schedule(INTERVAL_MS);
  }

  /** Sends what has been gathered, and ends. */
  close(): void {
    this.#unsubscribe();
    this.#cancel();
    this.#occurrences.close();
  }

  #onEvent(event: DomainEvent): void {
    // Before the engine's name is forgotten.
    const occurrence = occurrenceOf(event, this.#options.names);
    if (occurrence && this.#mayReport(isShared(event))) this.#onOccurrence(event, occurrence);
    if (this.#isDelayed) return;
    this.#isDelayed = true;
    this.#schedule(EVENT_DELAY_MS);
  }

  #onOccurrence(event: DomainEvent, occurrence: Occurrence): void {
    const { shared, clock } = this.#options;
    if (event.type !== 'engine_stopped' || !shared) {
      this.#occurrences.add(occurrence);
      return;
    }
    clock.after(DELETION_DELAY_MS, async () => {
      const wasDeleted = await shared.wasDeleted(event.engineId).catch(() => false);
      if (!wasDeleted) this.#occurrences.add(occurrence);
    });
  }

  #schedule(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#isDelayed = false;
      this.#schedule(INTERVAL_MS);
      void this.#evaluate();
    });
  }

  async #evaluate(): Promise<void> {
    const { role, shared } = this.#options;
    const { leads, redisConnected } = role();
    const takesOver = leads && !this.#led && !this.#ledLast;
    this.#led = leads;
    if (redisConnected !== false) this.#ledLast = leads;
    if (takesOver && shared) {
      this.#loading = true;
      const reported = await shared.load().catch(() => null);
      if (reported) this.restore(reported);
      this.#loading = false;
    }
    if (!this.#loading) this.#report();
  }

  #report(): void {
    const { conditions, clock, shared, onReported } = this.#options;
    let changed = false;
    for (const condition of conditions()) {
      const draft = this.#conditions.evaluate(condition, clock.now(), this.#mayReport(condition.isShared));
      if (!draft) continue;
      this.#send(draft);
      changed = true;
    }
    if (!changed) return;
    onReported();
    shared?.save(this.reported);
  }

  #mayReport(shared: boolean): boolean {
    if (!shared) return true;
    const { leads, redisConnected } = this.#options.role();
    return leads || (redisConnected === false && this.#ledLast);
  }

  /** What to add to a time of the clock for milliseconds since the epoch. */
  get #epochMs(): number {
    return this.#options.now() - this.#options.clock.now();
  }

  #shiftTimes(reported: Reported, byMs: number): Reported {
    return Object.fromEntries(
      Object.entries(reported).map(([key, since]) => [key, Math.round(since + byMs)]),
    );
  }

  #send(draft: Draft): void {
    const { send, names, now } = this.#options;
    send(createNotification(draft, names.host, now()));
  }
}

/** Whether every orchestrator over the same engines gets the event. */
function isShared({ type }: DomainEvent): boolean {
  return type === 'engine_stopped' || type === 'stream_ended';
}
