import { Counter, Registry } from '@prometheus-io/client';
import type { CacheTotals, Clock, SettledLoad } from '../../library/cache/index.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import { STALE_AFTER } from '../events/invalidation.ts';
import { cacheMetrics } from './cache.ts';
import { callMetrics, type NoteCall } from './calls.ts';
import { type ClusterMetricsState, clusterMetrics } from './cluster.ts';
import { type DomainState, domainMetrics } from './domain.ts';
import { EventLoopDelay } from './event-loop.ts';
import type { Refresh } from './figures.ts';
import { createKeyClasses } from './key-classes.ts';
import { LoadTimes } from './load-times.ts';
import { orchestratorMetrics } from './orchestrator.ts';
import { processMetrics } from './process.ts';
import { type StreamSampleSource, transferMetrics } from './transfer.ts';

/** Where the figures of a scrape come from. None of these may wait or ask anyone outside the process. */
export interface MetricSources {
  cacheTotals(): CacheTotals;
  facts(): DomainState;
  samples: StreamSampleSource;
  /** Null where engines are shared with no other orchestrator. */
  cluster: (() => ClusterMetricsState) | null;
  bus: EventBus;
}

/**
 * Everything that /metrics shows. Calls are noted as they end; the rest is looked up at a scrape from what
 * the process holds already, so that scraping costs the engines, Docker and the VPN nothing.
 */
export class Metrics {
  readonly noteDockerCall: NoteCall;
  readonly noteVpnCall: NoteCall;
  /** What the cache's loads took, for /cache/stats. */
  readonly loadTimes = new LoadTimes();
  readonly #noteLoad: NoteCall;
  readonly #classOf = createKeyClasses();
  readonly #registry = new Registry(Registry.PROMETHEUS_CONTENT_TYPE);
  readonly #eventLoop: EventLoopDelay;
  readonly #refreshes: Refresh[];

  constructor(clock: Clock) {
    this.#eventLoop = new EventLoopDelay(clock);
    this.#refreshes = [processMetrics(this.#registry, this.#eventLoop)];
    this.#noteLoad = callMetrics(this.#registry, {
      name: 'roundhouse_cache_load',
      label: 'key_class',
      what: 'loads of the cache, by class of key,',
    });
    this.noteDockerCall = callMetrics(this.#registry, {
      name: 'roundhouse_docker_call',
      label: 'call',
      what: 'calls to Docker',
    });
    this.noteVpnCall = callMetrics(this.#registry, {
      name: 'roundhouse_vpn_call',
      label: 'call',
      what: "calls to the VPN's control server",
    });
  }

  /** For the cache's `onLoad`. */
  readonly noteLoad = ({ key, durationS, succeeded }: SettledLoad): void => {
    const keyClass = this.#classOf(key);
    this.#noteLoad(keyClass, durationS, succeeded);
    this.loadTimes.note(keyClass, durationS, succeeded);
  };

  /** Begins to show what the application holds. Called once. */
  show({ cacheTotals, facts, samples, cluster, bus }: MetricSources): void {
    const showDomain = domainMetrics(this.#registry);
    const showOrchestrator = orchestratorMetrics(this.#registry);
    this.#refreshes.push(
      cacheMetrics(this.#registry, cacheTotals),
      transferMetrics(this.#registry, samples, bus),
      () => {
        const known = facts();
        showDomain(known);
        showOrchestrator(known);
      },
    );
    if (cluster) this.#refreshes.push(clusterMetrics(this.#registry, cluster));
    const events = new Counter({
      name: 'roundhouse_events_total',
      help: 'What has happened, by kind.',
      labelNames: ['type'],
      registers: [this.#registry],
    });
    for (const type of Object.keys(STALE_AFTER) as DomainEvent['type'][]) events.inc({ type }, 0);
    bus.subscribe(({ type }) => events.inc({ type }));
  }

  /** The media type of {@link read}'s text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures as Prometheus text. */
  read(): Promise<string> {
    for (const refresh of this.#refreshes) refresh();
    return this.#registry.metrics();
  }

  close(): void {
    this.#eventLoop.stop();
  }
}
