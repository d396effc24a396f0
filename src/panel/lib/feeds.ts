import { matchGlob } from '../../library/util/glob.ts';
import type { Api } from './api.ts';
import type { Clock } from './clock.ts';
import type { History } from './history.ts';
import type { Notice } from './live.ts';
import { Poller } from './poller.ts';
import type { Store } from './store.ts';
import type {
  CacheStats,
  Engine,
  EngineStats,
  EventRecord,
  Status,
  Stream,
  TotalStats,
  Vpn,
} from './wire.ts';

export type Feed<T> = Poller<T>;

export interface FeedsParts {
  api: Api;
  clock: Clock;
  /** The interval that was chosen, in seconds. */
  intervalS: Store<number>;
  /** Told how each attempt went: null, or what it failed with. */
  onOutcome: (error: unknown) => void;
}

const ofKey = (key: string) => (notice: Notice) => notice.keys.some((pattern) => matchGlob(pattern, key));
const always = () => true;

/** Everything that the panel polls; each is asked for only while somebody watches it. */
export class Feeds {
  readonly status: Feed<Status>;
  readonly engines: Feed<Engine[]>;
  readonly statsAll: Feed<Record<string, EngineStats>>;
  readonly statsTotal: Feed<TotalStats>;
  readonly vpn: Feed<Vpn>;
  readonly streams: Feed<Stream[]>;
  readonly events: Feed<EventRecord[]>;
  readonly cache: Feed<CacheStats>;
  readonly #parts: FeedsParts;
  readonly #histories = new Map<number, Feed<History>>();
  readonly #all: { feed: Feed<unknown>; concerns: (notice: Notice) => boolean }[] = [];
  #paused = false;

  constructor(parts: FeedsParts) {
    this.#parts = parts;
    this.status = this.#create('orchestrator/status', ofKey('orchestrator:status'));
    this.engines = this.#create('engines', ofKey('engines:list'));
    this.statsAll = this.#create('engines/stats/all', ofKey('stats:all'));
    this.statsTotal = this.#create('engines/stats/total', ofKey('stats:total'));
    this.vpn = this.#create('vpn/status', ofKey('vpn:status'));
    this.streams = this.#create('streams?status=started', ({ type }) => /^(stream|snapshot)/.test(type));
    // Every notice is an event of the log.
    this.events = this.#create('events?limit=40', always);
    this.cache = this.#create('cache/stats', ({ type }) => type === 'snapshot');
    parts.intervalS.subscribe(() => {
      for (const { feed } of this.#all) feed.retime();
    });
  }

  /** The past, as far back as that many seconds; asked for no oftener than it gains a point. */
  history(windowS: number): Feed<History> {
    const known = this.#histories.get(windowS);
    if (known) return known;
    const feed: Feed<History> = this.#create(
      `stats/history?window_s=${windowS}`,
      ({ type }) => type === 'snapshot',
      () => feed.state.value.value?.interval_s ?? 0,
    );
    this.#histories.set(windowS, feed);
    return feed;
  }

  /** Asks again, at once, for what a notice is about. */
  take(notice: Notice): void {
    for (const { feed, concerns } of this.#all) if (concerns(notice)) feed.ask();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    for (const { feed } of this.#all) feed.pause(paused);
  }

  #create<T>(path: string, concerns: (notice: Notice) => boolean, leastS = () => 0): Feed<T> {
    const { api, clock, intervalS, onOutcome } = this.#parts;
    const feed = new Poller<T>({
      clock,
      intervalMs: () => Math.max(intervalS.value, leastS()) * 1000,
      read: async (etag) => {
        try {
          const reading = await api.read<T>(path, etag);
          onOutcome(null);
          return reading;
        } catch (error) {
          onOutcome(error);
          throw error;
        }
      },
    });
    feed.pause(this.#paused);
    this.#all.push({ feed: feed as Feed<unknown>, concerns });
    return feed;
  }
}
