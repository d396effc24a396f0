import { Api } from './api.ts';
import type { Clock } from './clock.ts';
import { Feeds } from './feeds.ts';
import { KeyKeeper, type SessionMemory } from './key-keeper.ts';
import { LiveClient } from './live.ts';
import { Operations } from './operations.ts';
import { AwayError, ProblemError } from './problems.ts';
import { Store } from './store.ts';
import { Throughput } from './throughput.ts';

export interface ServiceParts {
  base: string;
  fetch: typeof fetch;
  clock: Clock;
  memory: SessionMemory;
  intervalS: Store<number>;
}

/** The service as the panel knows it: what it polls, what it is told, and whether anybody is there. */
export class Service {
  readonly keys: KeyKeeper;
  readonly api: Api;
  readonly feeds: Feeds;
  readonly live: LiveClient;
  readonly operations: Operations;
  /** Since when nobody answers, in the clock's milliseconds; null while somebody does. */
  readonly awaySince = new Store<number | null>(null);
  /** Reads are refused for want of the key. */
  readonly locked = new Store(false);
  readonly throughput: Throughput;
  readonly clock: Clock;

  constructor({ base, fetch, clock, memory, intervalS }: ServiceParts) {
    this.clock = clock;
    this.keys = new KeyKeeper(memory);
    this.api = new Api({ base, fetch, key: () => this.keys.key.value });
    this.feeds = new Feeds({
      api: this.api,
      clock,
      intervalS,
      onOutcome: (error) => this.#note(error),
    });
    this.live = new LiveClient({
      clock,
      open: (lastId, signal) => this.#openLive(lastId, signal),
      onNotice: (notice) => {
        this.#note(null);
        this.feeds.take(notice);
      },
    });
    this.throughput = new Throughput(this.feeds);
    this.operations = new Operations(this);
    this.keys.key.subscribe(() => {
      if (this.keys.key.value !== null && this.locked.value) this.#retry();
    });
  }

  /** In a tab that nobody sees nothing is asked, and no connection is held: browsers allow six per host. */
  setHidden(hidden: boolean): void {
    this.feeds.pause(hidden);
    if (hidden) this.live.stop();
    else this.live.start();
  }

  async #openLive(lastId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    try {
      return await this.api.follow('events/live', signal, lastId === null ? {} : { 'Last-Event-ID': lastId });
    } catch (error) {
      if (!signal.aborted) this.#note(error);
      throw error;
    }
  }

  #retry(): void {
    this.feeds.take({ type: 'snapshot', keys: ['*'] });
    this.live.stop();
    this.live.start();
  }

  #note(error: unknown): void {
    this.locked.value = error instanceof ProblemError && error.asksForKey;
    if (!(error instanceof AwayError)) this.awaySince.value = null;
    else if (!error.late) this.awaySince.value ??= this.clock.now();
  }
}
