import { Api } from './api.ts';
import { ApiKeyLogin } from './api-key-login.ts';
import type { Clock } from './clock.ts';
import { ProblemError, UnreachableError } from './errors.ts';
import type { LastVisit } from './last-visit.ts';
import { LiveClient } from './live.ts';
import { Operations } from './operations.ts';
import { Resources } from './resources.ts';
import { Store } from './store.ts';
import { ThroughputMeter } from './throughput.ts';

/** Options of {@link ServiceClient}. */
export interface ServiceClientOptions {
  /** URL of the service, with a slash at the end. */
  base: string;
  fetch: typeof fetch;
  clock: Clock;
  /** Polling interval in seconds. */
  intervalS: Store<number>;
  lastVisit: LastVisit;
}

/** Everything the panel needs of the service: polled resources, live notices, writes and the connection's state. */
export class ServiceClient {
  readonly apiKey: ApiKeyLogin;
  readonly api: Api;
  readonly resources: Resources;
  readonly live: LiveClient;
  readonly operations: Operations;
  /** When the service stopped responding, in milliseconds of the clock; null while it responds. */
  readonly unreachableSince = new Store<number | null>(null);
  /** Whether reads are rejected because the API key is missing. */
  readonly keyRequired = new Store(false);
  readonly throughput: ThroughputMeter;
  readonly clock: Clock;
  /** What was shown when the panel was last left. */
  readonly lastVisit: LastVisit;

  constructor({ base, fetch, clock, intervalS, lastVisit }: ServiceClientOptions) {
    this.clock = clock;
    this.lastVisit = lastVisit;
    this.api = new Api({ base, fetch, clock });
    this.apiKey = new ApiKeyLogin(this.api);
    this.resources = new Resources({
      api: this.api,
      clock,
      intervalS,
      onOutcome: (error) => this.#onOutcome(error),
      onKeyRejected: () => this.apiKey.expire(),
    });
    this.live = new LiveClient({
      clock,
      open: (lastEventId, signal) => this.#openLive(lastEventId, signal),
      onNotice: (notice) => {
        this.#onOutcome(null);
        this.resources.onNotice(notice);
      },
    });
    this.throughput = new ThroughputMeter(this.resources);
    this.operations = new Operations(this);
    this.apiKey.loggedIn.subscribe(() => {
      this.resources.clearPrivate();
      if (this.apiKey.loggedIn.value && this.keyRequired.value) this.#readAll();
    });
    this.unreachableSince.subscribe(() => {
      const isBack = this.unreachableSince.value === null;
      if (isBack && this.apiKey.loggedIn.value === null) void this.apiKey.load().catch(() => {});
    });
  }

  /** Pauses all requests in a hidden tab, and closes the live connection: browsers allow six per host. */
  setHidden(hidden: boolean): void {
    this.resources.setPaused(hidden);
    if (hidden) this.live.stop();
    else this.live.start();
  }

  async #openLive(lastEventId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers: Record<string, string> = lastEventId === null ? {} : { 'Last-Event-ID': lastEventId };
    try {
      return await this.api.stream('events/live', signal, headers);
    } catch (error) {
      if (!signal.aborted) this.#onOutcome(error);
      throw error;
    }
  }

  #readAll(): void {
    this.keyRequired.value = false;
    this.resources.onNotice({ type: 'snapshot', keys: ['*'] });
    this.live.stop();
    this.live.start();
  }

  #onOutcome(error: unknown): void {
    this.keyRequired.value = error instanceof ProblemError && error.requiresKey;
    if (!(error instanceof UnreachableError)) this.unreachableSince.value = null;
    else if (!error.timedOut) this.unreachableSince.value ??= this.clock.now();
  }
}
