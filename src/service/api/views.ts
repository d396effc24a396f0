import type { Static } from 'typebox';
import type { Engine } from '../engines/engine.ts';
import type { EngineRegistry } from '../engines/registry.ts';
import type { StreamSample } from '../streams/sample.ts';
import type { StreamSamples } from '../streams/stream-samples.ts';
import type { Stream, Streams } from '../streams/streams.ts';
import type { EngineSchema } from './schemas/engines.ts';
import type { StreamSampleSchema, StreamSchema } from './schemas/streams.ts';

export type WireEngine = Static<typeof EngineSchema>;
export type WireStream = Static<typeof StreamSchema>;
export type WireSample = Static<typeof StreamSampleSchema>;

/** Engines and their streams as the API shows them. */
export class EngineViews {
  readonly #registry: EngineRegistry;
  readonly #streams: Streams;
  readonly #figures: StreamSamples;

  constructor(registry: EngineRegistry, streams: Streams, figures: StreamSamples) {
    this.#registry = registry;
    this.#streams = streams;
    this.#figures = figures;
  }

  list(): WireEngine[] {
    this.#registry.assertAvailable();
    // One that is being deleted must not be chosen for another stream.
    const staying = this.#registry.list().filter(({ id }) => !this.#registry.isDeleting(id));
    return staying.map((engine) => toWireEngine(engine, this.#streams.ofEngine(engine.id)));
  }

  describe(engine: Engine): { engine: WireEngine; streams: WireStream[] } {
    const streams = this.#streams.ofEngine(engine.id);
    return { engine: toWireEngine(engine, streams), streams: streams.map((stream) => this.stream(stream)) };
  }

  stream(stream: Stream): WireStream {
    return toWireStream(stream, this.#figures.current(stream.id));
  }
}

function toWireEngine(engine: Engine, streams: readonly Stream[]): WireEngine {
  return {
    container_id: engine.id,
    container_name: engine.name,
    host: engine.host,
    port: engine.ports.hostHttp,
    labels: { ...engine.labels },
    forwarded: engine.forwarded,
    first_seen: toTime(engine.firstSeen),
    started_at: engine.startedAt === null ? null : toTime(engine.startedAt),
    last_seen: toTime(engine.lastSeen),
    streams: streams.map(({ id }) => id),
    health_status: engine.health,
    last_health_check: engine.lastHealthCheck === null ? null : toTime(engine.lastHealthCheck),
    last_stream_usage: engine.lastStreamUsage === null ? null : toTime(engine.lastStreamUsage),
    vpn_container: engine.vpnContainer,
    engine_variant: engine.variant,
    platform: engine.identity?.platform ?? null,
    version: engine.identity?.version ?? null,
    forwarded_port: engine.forwarded ? engine.forwardedPort : null,
  };
}

function toWireStream(stream: Stream, figures: StreamSample | null): WireStream {
  return {
    id: stream.id,
    key_type: stream.keyType,
    key: stream.key,
    container_id: stream.engineId,
    playback_session_id: stream.playbackSessionId,
    stat_url: stream.statUrl,
    command_url: stream.commandUrl,
    is_live: stream.isLive,
    started_at: toTime(stream.startedAt),
    ended_at: stream.endedAt === null ? null : toTime(stream.endedAt),
    status: stream.endedAt === null ? 'started' : 'ended',
    peers: figures?.peers ?? null,
    speed_down: figures?.speedDown ?? null,
    speed_up: figures?.speedUp ?? null,
    downloaded: figures?.downloaded ?? null,
    uploaded: figures?.uploaded ?? null,
  };
}

export function toWireSample(sample: StreamSample): WireSample {
  return {
    ts: toTime(sample.takenAt),
    peers: sample.peers,
    speed_down: sample.speedDown,
    speed_up: sample.speedUp,
    downloaded: sample.downloaded,
    uploaded: sample.uploaded,
    status: sample.status,
    livepos: sample.livePosition && { ...sample.livePosition },
  };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
