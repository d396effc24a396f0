import type { Config } from '../config/config.ts';
import type { Streams } from '../streams/streams.ts';
import { Sampler } from '../time-series/sampler.ts';
import { TimeSeries } from '../time-series/time-series.ts';
import { TimeSeriesFile } from '../time-series/time-series-file.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The figures over time. */
export function createTimeSeries(
  config: Config,
  { registry, stats }: Engines,
  streams: Streams,
  { caches, clock, log }: Infrastructure,
) {
  const intervalS = config.historySampleIntervalS;
  const timeSeries = new TimeSeries(Math.max(1, intervalS), Date.now);
  const sampler = new Sampler({
    timeSeries,
    clock,
    now: Date.now,
    intervalS,
    timeoutS: config.cacheLoadTimeoutS,
    readSamples: (maxAgeMs, signal) => stats.samples(maxAgeMs, signal),
    readCounts: () => {
      const { active, engineIds } = streams.counts();
      // What is known of engines may be out of date while their runtime is away.
      const engines = registry.available ? registry.list() : null;
      const count = (fits: (engine: ReturnType<typeof registry.list>[number]) => boolean) =>
        engines?.filter(fits).length ?? null;
      return {
        engines_total: count(() => true),
        engines_healthy: count(({ health }) => health === 'healthy'),
        engines_used: count(({ id }) => engineIds.has(id)),
        streams_active: active,
      };
    },
    readCacheTotals: () => caches.stats.totals(),
  });
  const file = new TimeSeriesFile({
    dataDir: config.dataDir,
    timeSeries,
    clock,
    onError: (message) => log.warn(message),
  });
  return {
    timeSeries,
    /** Takes up what the former run has left. */
    restore: () => file.restore(),
    start() {
      sampler.start();
      file.start();
    },
    async stop() {
      sampler.stop();
      await file.close();
    },
  };
}
