import type { Config } from '../config/config.ts';
import { findEngineByAddress } from '../engines/locate.ts';
import { recordStreams } from '../event-log/connect.ts';
import { StreamCollector } from '../streams/collector.ts';
import { createContentReader } from '../streams/content.ts';
import { PlaybackSessions } from '../streams/sessions.ts';
import { StreamSamples } from '../streams/stream-samples.ts';
import { Streams } from '../streams/streams.ts';
import { createTitleReader } from '../streams/titles.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The streams, their statistics, and the playback sessions at their engines. */
export type Playback = ReturnType<typeof createPlayback>;

/** Creates the streams and what reads their statistics. */
export function createPlayback(
  config: Config,
  { registry, health }: Pick<Engines, 'registry' | 'health'>,
  infrastructure: Infrastructure,
) {
  const { bus, caches, clock, eventLog, log, names } = infrastructure;
  const streams = new Streams(bus);
  names.connect({ engine: (id) => registry.get(id)?.name, stream: (id) => streams.get(id)?.name });
  recordStreams(bus, eventLog, streams);
  const samples = new StreamSamples(bus, config.statsHistoryMax);
  const sessions = new PlaybackSessions(clock, (host, port) => {
    const engine = findEngineByAddress(registry.list(), host, port);
    return engine ? { host: engine.host, port: engine.ports.hostHttp } : null;
  });
  const readContent = createContentReader({
    cache: caches.results,
    clock,
    addressOf: (engineId) => {
      const engine = registry.get(engineId);
      return engine ? { host: engine.host, port: engine.ports.hostHttp } : null;
    },
    readInfohash: (stream, signal) => sessions.readInfohash(stream, signal),
  });
  const readTitle = createTitleReader(readContent);
  const collector = new StreamCollector({
    streams,
    samples,
    sessions,
    clock,
    get intervalS() {
      return config.collectIntervalS;
    },
    onError: (err, streamId) => log.warn({ err, streamId }, 'could not read the statistics of a stream'),
    // By then its engine has the metadata of the content.
    onSample: (stream) => void readTitle(stream),
    onTrouble: (engineId) => health.suspect(engineId),
  });
  return { streams, samples, sessions, readContent, collector };
}
