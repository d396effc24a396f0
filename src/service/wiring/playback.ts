import type { Config } from '../config/config.ts';
import { findEngineAt } from '../engines/locate.ts';
import type { EngineRegistry } from '../engines/registry.ts';
import { recordStreams } from '../event-log/connect.ts';
import { StreamCollector } from '../streams/collector.ts';
import { StreamFigures } from '../streams/figures.ts';
import { PlaybackSessions } from '../streams/sessions.ts';
import { Streams } from '../streams/streams.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The streams, their statistics, and the playback sessions at their engines. */
export type Playback = ReturnType<typeof createPlayback>;

/** Creates the streams and what reads their statistics. */
export function createPlayback(config: Config, registry: EngineRegistry, infrastructure: Infrastructure) {
  const { bus, clock, eventLog, log } = infrastructure;
  const streams = new Streams(bus);
  recordStreams(bus, eventLog, streams);
  const figures = new StreamFigures(bus, config.statsHistoryMax);
  const sessions = new PlaybackSessions(clock, (host, port) => {
    const engine = findEngineAt(registry.list(), host, port);
    return engine ? { host: engine.host, port: engine.ports.hostHttp } : null;
  });
  const collector = new StreamCollector({
    streams,
    figures,
    sessions,
    clock,
    intervalS: config.collectIntervalS,
    onError: (err, streamId) => log.warn({ err, streamId }, 'could not read the statistics of a stream'),
  });
  return { streams, figures, sessions, collector };
}
