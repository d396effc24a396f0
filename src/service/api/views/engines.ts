import type { Static } from 'typebox';
import type { Label } from '../../config/values.ts';
import { compatibleLabels } from '../../engines/compatible-labels.ts';
import type { Engine } from '../../engines/engine.ts';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { StreamSamples } from '../../streams/stream-samples.ts';
import type { Stream, Streams } from '../../streams/streams.ts';
import type { EngineDetailsSchema, EngineSchema } from '../schemas/engines.ts';
import { toWireStream, type WireStream } from './streams.ts';
import { toTime } from './time.ts';

/** An engine as the API returns it. */
export type WireEngine = Static<typeof EngineSchema>;

/** Engines and streams as the API returns them. */
export class EngineViews {
  readonly #registry: EngineRegistry;
  readonly #streams: Streams;
  readonly #samples: StreamSamples;
  readonly #managed: Label;

  /** @param managed the label of managed engines */
  constructor(registry: EngineRegistry, streams: Streams, samples: StreamSamples, managed: Label) {
    this.#managed = managed;
    this.#registry = registry;
    this.#streams = streams;
    this.#samples = samples;
  }

  /**
   * All engines.
   * @throws RoundhouseError `runtime_unavailable`
   */
  list(): WireEngine[] {
    this.#registry.assertAvailable();
    // Clients must not choose an engine that is being removed for another stream.
    const staying = this.#registry.list().filter(({ id }) => !this.#registry.isDeleting(id));
    const streams = this.#streams.byEngine();
    return staying.map((engine) => this.#toWire(engine, streams.get(engine.id) ?? []));
  }

  /** One engine with its streams. */
  describe(engine: Engine): Static<typeof EngineDetailsSchema> {
    const streams = this.#streams.ofEngine(engine.id);
    return { engine: this.#toWire(engine, streams), streams: streams.map((stream) => this.stream(stream)) };
  }

  /** All labels of an engine: the caller's, and those by which older clients recognise engines. */
  labels(engine: Engine): Record<string, string> {
    return { ...engine.labels, [this.#managed.name]: this.#managed.value, ...compatibleLabels(engine) };
  }

  #toWire(engine: Engine, streams: readonly Stream[]): WireEngine {
    return toWireEngine(engine, this.labels(engine), streams);
  }

  /** One stream with its latest sample. */
  stream(stream: Stream): WireStream {
    return toWireStream(stream, this.#samples.current(stream.id));
  }
}

function toWireEngine(
  engine: Engine,
  labels: Record<string, string>,
  streams: readonly Stream[],
): WireEngine {
  return {
    container_id: engine.id,
    container_name: engine.name,
    node: engine.node ?? null,
    host: engine.host,
    port: engine.ports.hostHttp,
    labels,
    forwarded: engine.forwarded,
    first_seen: toTime(engine.firstSeen),
    started_at: toTime(engine.startedAt),
    last_seen: toTime(engine.lastSeen),
    streams: streams.map(({ id }) => id),
    health_status: engine.health,
    health_since: toTime(engine.healthSince),
    paused: engine.paused,
    last_health_check: toTime(engine.lastHealthCheck),
    last_stream_usage: toTime(engine.lastStreamUsage),
    vpn_container: engine.vpnContainer,
    engine_variant: engine.variant,
    platform: engine.identity?.platform ?? null,
    version: engine.identity?.version ?? null,
    forwarded_port: engine.forwarded ? engine.forwardedPort : null,
    last_cache_cleanup: null,
    cache_size_bytes: null,
  };
}
