import type { Config } from '../config/config.ts';
import type { Streams } from '../streams/streams.ts';
import { EngineSeries } from '../time-series/engine-series.ts';
import { Sampler } from '../time-series/sampler.ts';
import { TimeSeries } from '../time-series/time-series.ts';
import { TimeSeriesFile } from '../time-series/time-series-file.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';

/** Creates the time series with its sampler and its file. */
export function createTimeSeries(
  config: Config,
  { registry, usage }: Engines,
  streams: Streams,
  { caches, clock, log }: Infrastructure,
) {
  const intervalS = config.historySampleIntervalS;
  const timeSeries = new TimeSeries(Math.max(1, intervalS), Date.now);
  const engineSeries = new EngineSeries(Math.max(1, intervalS));
  const sampler = new Sampler({
    timeSeries,
    clock,
    now: Date.now,
    intervalS,
    timeoutS: config.cacheLoadTimeoutS,
    readSamples: (maxAgeMs, signal) => usage.samples(maxAgeMs, signal),
    readCounts: () => {
      const { active, engineIds } = streams.counts();
      // While the runtime does not respond, the registry may be out of date.
      const engines = registry.available ? registry.list() : null;
      const count = (matches: (engine: ReturnType<typeof registry.list>[number]) => boolean) =>
        engines?.filter(matches).length ?? null;
      return {
        engines_total: count(() => true),
        engines_healthy: count(({ health }) => health === 'healthy'),
        engines_used: count(({ id }) => engineIds.has(id)),
        streams_active: active,
      };
    },
    onSamples: (timeS, engineSamples) => {
      const playing = [...streams.byEngine()].map(([id, list]) => [id, list.length] as const);
      engineSeries.add(timeS, engineSamples, new Map(playing));
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
    series: timeSeries,
    engineSeries,
    /** Loads what the previous run saved. */
    restore: () => file.restore(),
    /** Begins to sample and to save. */
    start() {
      sampler.start();
      file.start();
    },
    /** Ends sampling, and saves. */
    async stop() {
      sampler.stop();
      await file.close();
    },
  };
}
