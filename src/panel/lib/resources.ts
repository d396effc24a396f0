import { matchGlob } from '../../library/util/glob.ts';
import type { Api, Reading } from './api.ts';
import type { Clock } from './clock.ts';
import { ProblemError } from './errors.ts';
import type { Notice } from './live.ts';
import { Poller } from './poller.ts';
import type { Store } from './store.ts';
import type { Input, OperationName, Reply } from './wire.ts';

/** Options of {@link Resources}. */
export interface ResourcesOptions {
  api: Api;
  clock: Clock;
  /** Polling interval in seconds. */
  intervalS: Store<number>;
  /** Called after each request, with its error or null. */
  onOutcome: (error: unknown) => void;
  /** Called when the service rejects the key of a request that needs one. */
  onKeyRejected: () => void;
}

/** An operation that reads. */
export type ReadOperation = OperationName & `GET ${string}`;
type Resource<O extends ReadOperation> = Poller<Reply<O>>;
type IsAffected = (notice: Notice) => boolean;

/** Resources that need the key and are kept with their last values, so that going back shows them at once. */
const MAX_PRIVATE = 40;

const invalidates =
  (key: string): IsAffected =>
  (notice) =>
    notice.keys.some((pattern) => matchGlob(pattern, key));
const isSnapshot: IsAffected = ({ type }) => type === 'snapshot';

/** The resources of the service that the panel shows. Each is polled only while a component watches it. */
export class Resources {
  readonly health: Resource<'GET /health'>;
  readonly status: Resource<'GET /orchestrator/status'>;
  readonly engines: Resource<'GET /engines'>;
  readonly nodes: Resource<'GET /nodes'>;
  readonly statsAll: Resource<'GET /engines/stats/all'>;
  readonly statsTotal: Resource<'GET /engines/stats/total'>;
  readonly vpn: Resource<'GET /vpn/status'>;
  readonly streams: Resource<'GET /streams'>;
  readonly events: Resource<'GET /events'>;
  readonly cache: Resource<'GET /cache/stats'>;
  readonly templates: Resource<'GET /custom-variant/templates'>;
  readonly #options: ResourcesOptions;
  readonly #series = new Map<number, Resource<'GET /stats/history'>>();
  readonly #all: { poller: Poller<unknown>; isAffected: IsAffected }[] = [];
  readonly #private = new Map<string, { poller: Poller<unknown>; isAffected: IsAffected }>();
  #engineSeries: { key: string; poller: Resource<'GET /stats/history/{id}'> } | undefined;
  #paused = false;

  constructor(options: ResourcesOptions) {
    this.#options = options;
    // Redis is lost and found without a notice.
    this.health = this.#create(
      'GET /health',
      {},
      ({ type }) => /^(snapshot|runtime_|managers_|leadership_)/.test(type),
      () => 10,
    );
    this.status = this.#create('GET /orchestrator/status', {}, invalidates('orchestrator:status'));
    this.engines = this.#create('GET /engines', {}, invalidates('engines:list'));
    this.nodes = this.#create('GET /nodes', {}, invalidates('nodes:list'));
    this.statsAll = this.#create('GET /engines/stats/all', {}, invalidates('stats:all'));
    this.statsTotal = this.#create('GET /engines/stats/total', {}, invalidates('stats:total'));
    this.vpn = this.#create('GET /vpn/status', {}, invalidates('vpn:status'));
    this.streams = this.#create('GET /streams', { query: { status: 'started' } }, ({ type }) =>
      /^(stream|snapshot)/.test(type),
    );
    // Every notice has its event in the log.
    this.events = this.#create('GET /events', { query: { limit: 40 } }, () => true);
    this.cache = this.#create('GET /cache/stats', {}, isSnapshot);
    this.templates = this.#create('GET /custom-variant/templates', {}, isSnapshot);
    options.intervalS.subscribe(() => {
      for (const { poller } of this.#both()) poller.reschedule();
    });
  }

  /**
   * A resource that is read with the API key. The same parameters return the same resource.
   * @param name identifies the resource
   * @param cacheKey the resource is read again when a notice invalidates this key of the service's cache
   * @param minIntervalS minimum polling interval in seconds
   */
  keyed<T>(
    name: string,
    cacheKey: string,
    read: (etag: string | null) => Promise<Reading<T>>,
    minIntervalS = () => 0,
  ): Poller<T> {
    const existing = this.#private.get(name);
    if (existing) return existing.poller as Poller<T>;
    const { clock, intervalS, onOutcome, onKeyRejected } = this.#options;
    const poller = new Poller<T>({
      clock,
      intervalMs: () => Math.max(intervalS.value, minIntervalS()) * 1000,
      read: async (etag) => {
        try {
          const reading = await read(etag);
          onOutcome(null);
          return reading;
        } catch (error) {
          if (error instanceof ProblemError && error.requiresKey) onKeyRejected();
          else onOutcome(error);
          throw error;
        }
      },
    });
    poller.setPaused(this.#paused);
    for (const [other, { poller }] of this.#private) {
      if (this.#private.size < MAX_PRIVATE) break;
      if (!poller.isWatched) this.#private.delete(other);
    }
    this.#private.set(name, { poller: poller as Poller<unknown>, isAffected: invalidates(cacheKey) });
    return poller;
  }

  /** Forgets what was read with the API key. */
  clearPrivate(): void {
    this.#private.clear();
  }

  /** The series of the last `windowS` seconds. Polled at most once per point, which is the interval of the series. */
  series(windowS: number): Resource<'GET /stats/history'> {
    const existing = this.#series.get(windowS);
    if (existing) return existing;
    const poller: Resource<'GET /stats/history'> = this.#create(
      'GET /stats/history',
      { query: { window_s: windowS } },
      isSnapshot,
      () => poller.state.value.value?.interval_s ?? 0,
    );
    this.#series.set(windowS, poller);
    return poller;
  }

  /** The series of one engine. Only the latest one that was requested is kept. */
  engineSeries(id: string, windowS: number): Resource<'GET /stats/history/{id}'> {
    const key = `${id} ${windowS}`;
    if (this.#engineSeries?.key === key) return this.#engineSeries.poller;
    const poller: Resource<'GET /stats/history/{id}'> = this.#create(
      'GET /stats/history/{id}',
      { path: { id }, query: { window_s: windowS } },
      isSnapshot,
      () => poller.state.value.value?.interval_s ?? 0,
    );
    const former = this.#all.findIndex((one) => one.poller === this.#engineSeries?.poller);
    if (former >= 0) this.#all.splice(former, 1);
    this.#engineSeries = { key, poller };
    return poller;
  }

  /** Reads the watched resources that a notice affects. */
  onNotice(notice: Notice): void {
    for (const { poller, isAffected } of this.#both()) if (isAffected(notice)) poller.refresh();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    for (const { poller } of this.#both()) poller.setPaused(paused);
  }

  #both() {
    return [...this.#all, ...this.#private.values()];
  }

  #create<O extends ReadOperation>(
    operation: O,
    input: Input<O>,
    isAffected: IsAffected,
    minIntervalS = () => 0,
  ): Resource<O> {
    const { api, clock, intervalS, onOutcome } = this.#options;
    const poller = new Poller<Reply<O>>({
      clock,
      intervalMs: () => Math.max(intervalS.value, minIntervalS()) * 1000,
      read: async (etag) => {
        try {
          const reading = await api.read(operation, input, etag);
          onOutcome(null);
          return reading;
        } catch (error) {
          onOutcome(error);
          throw error;
        }
      },
    });
    poller.setPaused(this.#paused);
    this.#all.push({ poller: poller as Poller<unknown>, isAffected });
    return poller;
  }
}
