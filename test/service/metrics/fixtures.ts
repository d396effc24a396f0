import { type Engine, newEngine } from '../../../src/service/engines/engine.ts';
import { EventBus } from '../../../src/service/events/events.ts';
import type { BrowserFigures } from '../../../src/service/metrics/browser.ts';
import type { ClusterMetricsState } from '../../../src/service/metrics/cluster.ts';
import type { DomainSnapshot } from '../../../src/service/metrics/domain.ts';
import { Metrics } from '../../../src/service/metrics/metrics.ts';
import type { StreamSample } from '../../../src/service/streams/sample.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Family, parseExposition } from '../../support/http/exposition.ts';

/** An engine in memory; `id` is also its name. */
export function engine(id: string, change: Partial<Engine> = {}): Engine {
  const reported = {
    id,
    name: id,
    host: '127.0.0.1',
    ports: { hostHttp: 19_000, containerHttp: 6878, containerHttps: 6879 },
    labels: {},
    vpnContainer: null,
    vpnContainerId: null,
    forwardedPort: null,
    variant: null,
    image: null,
    createdAt: 1,
    startedAt: 1,
    paused: false,
  };
  return { ...newEngine(reported, 1), ...change };
}

/** Metrics of a snapshot that a test changes. */
export class ExposedMetrics implements Disposable {
  readonly bus = new EventBus();
  readonly metrics = new Metrics(new FakeClock());
  readonly snapshot: DomainSnapshot = {
    runtimeAvailable: true,
    engines: [],
    streams: { active: 0, byEngine: new Map() },
    samples: new Map(),
    vpns: [],
    minReplicas: 0,
    breakers: { general: 'closed', replacement: 'closed' },
    nodes: [],
    liveClients: 0,
  };
  /** The latest samples of started streams. */
  readonly samples = new Map<string, Pick<StreamSample, 'downloaded' | 'uploaded'> & Partial<StreamSample>>();
  readonly totals = {
    hits: 0,
    misses: 0,
    loads: 0,
    collapsed: 0,
    stale: 0,
    loadErrors: 0,
    evictions: 0,
    invalidations: 0,
    storeErrors: 0,
    entryCount: 0,
    bytes: 0,
    inFlight: 0,
  };

  browserFigures: BrowserFigures = {
    apps: 0,
    sessions: { starting: 0, running: 0, stopping: 0, completed: 0, failed: 0, stopped: 0 },
    waiting: 0,
    browsers: 0,
    cache: { hits: 0, misses: 0, bypasses: 0, bytesToBrowser: 0, bytesFromUpstream: 0, bytesSaved: 0 },
    bypasses: {},
    byApp: [],
    bySession: [],
    storeErrors: 0,
    storeEvictions: 0,
    cluster: null,
  };

  constructor(cluster: (() => ClusterMetricsState) | null = null) {
    const sampleOf = (id: string) => {
      const sample = this.samples.get(id);
      if (!sample) return null;
      const empty = { takenAt: 0, peers: null, speedDown: null, speedUp: null, status: null };
      return { ...empty, livePosition: null, ...sample };
    };
    this.metrics.expose({
      cacheTotals: () => this.totals,
      snapshot: () => this.snapshot,
      samples: { startedIds: () => this.samples.keys(), current: sampleOf, last: sampleOf },
      cluster,
      browserApps: () => this.browserFigures,
      bus: this.bus,
    });
  }

  async scrape(): Promise<Map<string, Family>> {
    return parseExposition(await this.metrics.read());
  }

  [Symbol.dispose](): void {
    this.metrics.close();
  }
}
