import { Counter, Registry } from '@prometheus-io/client';
import type { CacheTotals, Clock, SettledLoad } from '../../library/cache/index.ts';
import type { DomainEvent, EventBus } from '../events/events.ts';
import { INVALIDATED_KEYS } from '../events/invalidation.ts';
import { type BrowserFigures, browserMetrics } from './browser.ts';
import { cacheMetrics } from './cache.ts';
import { callMetrics, type RecordCall } from './calls.ts';
import { type ClusterMetricsState, clusterMetrics } from './cluster.ts';
import { type DomainSnapshot, domainMetrics } from './domain.ts';
import { EventLoopDelay } from './event-loop.ts';
import type { Refresh } from './instruments.ts';
import { createKeyClasses } from './key-classes.ts';
import { LoadTimes } from './load-times.ts';
import { orchestratorMetrics } from './orchestrator.ts';
import { processMetrics } from './process.ts';
import { type StreamSampleSource, transferMetrics } from './transfer.ts';

/** Sources of the metrics. They are read at each scrape, so they are synchronous and read only memory. */
export interface MetricSources {
  cacheTotals(): CacheTotals;
  snapshot(): DomainSnapshot;
  samples: StreamSampleSource;
  /** Null without Redis. */
  cluster: (() => ClusterMetricsState) | null;
  browserApps: () => BrowserFigures;
  bus: EventBus;
}

/**
 * All metrics of /metrics. Calls are recorded when they end. Everything else is read from memory at a scrape,
 * so that a scrape sends no request to engines, Docker or the VPN.
 */
export class Metrics {
  /** Records a finished call to Docker. */
  readonly recordDockerCall: RecordCall;
  /** Records a finished call to the VPN's control server. */
  readonly recordVpnCall: RecordCall;
  /** Durations of the cache's loads, for /cache/stats. */
  readonly loadTimes = new LoadTimes();
  readonly #recordLoad: RecordCall;
  readonly #classOf = createKeyClasses();
  readonly #registry = new Registry(Registry.PROMETHEUS_CONTENT_TYPE);
  readonly #eventLoop: EventLoopDelay;
  readonly #refreshes: Refresh[];

  constructor(clock: Clock) {
    this.#eventLoop = new EventLoopDelay(clock);
    this.#refreshes = [processMetrics(this.#registry, this.#eventLoop)];
    this.#recordLoad = callMetrics(this.#registry, {
      name: 'roundhouse_cache_load',
      label: 'key_class',
      what: 'loads of the cache by key class',
    });
    this.recordDockerCall = callMetrics(this.#registry, {
      name: 'roundhouse_docker_call',
      label: 'call',
      what: 'calls to Docker',
    });
    this.recordVpnCall = callMetrics(this.#registry, {
      name: 'roundhouse_vpn_call',
      label: 'call',
      what: "calls to the VPN's control server",
    });
  }

  /** Records a finished load; the cache's `onLoad`. */
  readonly recordLoad = ({ key, durationS, succeeded }: SettledLoad): void => {
    const keyClass = this.#classOf(key);
    this.#recordLoad(keyClass, durationS, succeeded);
    this.loadTimes.record(keyClass, durationS, succeeded);
  };

  /** Adds the metrics of the application. Called once. */
  expose({ cacheTotals, snapshot, samples, cluster, browserApps, bus }: MetricSources): void {
    const setDomain = domainMetrics(this.#registry);
    const setOrchestrator = orchestratorMetrics(this.#registry);
    this.#refreshes.push(
      cacheMetrics(this.#registry, cacheTotals),
      browserMetrics(this.#registry, browserApps),
      transferMetrics(this.#registry, samples, bus),
      () => {
        const current = snapshot();
        setDomain(current);
        setOrchestrator(current);
      },
    );
    if (cluster) this.#refreshes.push(clusterMetrics(this.#registry, cluster));
    const events = new Counter({
      name: 'roundhouse_events_total',
      help: 'Domain events by type.',
      labelNames: ['type'],
      registers: [this.#registry],
    });
    const stale = new Counter({
      name: 'orch_stale_streams_detected_total',
      help: 'Streams that ended because their engine no longer had their session.',
      registers: [this.#registry],
    });
    for (const type of Object.keys(INVALIDATED_KEYS) as DomainEvent['type'][]) events.inc({ type }, 0);
    bus.subscribe((event) => {
      events.inc({ type: event.type });
      if (event.type === 'stream_ended' && event.reason === 'session_gone') stale.inc();
    });
  }

  /** The media type of the text that {@link read} returns. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * Returns all metrics in the Prometheus text format.
   * @see https://prometheus.io/docs/instrumenting/exposition_formats/
   */
  read(): Promise<string> {
    for (const refresh of this.#refreshes) refresh();
    return this.#registry.metrics();
  }

  /** Stops measuring the event loop. */
  close(): void {
    this.#eventLoop.stop();
  }
}
