import { Type } from 'typebox';
import { Bytes, Count, CpuPercent, Nullable, oneOf, Time } from './common.ts';
import { StreamSchema } from './streams.ts';

/** An engine. */
export const EngineSchema = Type.Object(
  {
    container_id: Type.String(),
    container_name: Type.String(),
    node: Nullable(
      Type.Object(
        { id: Type.String(), name: Type.String({ description: 'Host name, which need not be unique' }) },
        { description: 'Node of the Docker Swarm on which the engine runs; otherwise null' },
      ),
    ),
    host: Type.String({ description: 'Host on which `port` is reachable' }),
    port: Type.Integer(),
    labels: Type.Record(Type.String(), Type.String(), {
      description:
        'Labels of the caller, the label of managed engines, and `host.http_port`, `acestream.http_port` and so on',
    }),
    forwarded: Type.Boolean({ description: "Whether the VPN's forwarded port leads to this engine" }),
    first_seen: Type.String({ format: 'date-time', description: 'When Roundhouse first saw the engine' }),
    started_at: Nullable(Type.String({ format: 'date-time', description: 'When the engine started' })),
    last_seen: Time,
    streams: Type.Array(Type.String(), { description: 'Ids of the streams that are playing' }),
    health_status: oneOf(['healthy', 'unhealthy', 'unknown']),
    health_since: Type.String({ format: 'date-time', description: 'When `health_status` last changed' }),
    paused: Type.Boolean({
      description: 'Whether the container is paused. Its streams go on when it is resumed.',
    }),
    last_health_check: Nullable(Time),
    last_stream_usage: Nullable(
      Type.String({ format: 'date-time', description: 'When a stream last started or ended' }),
    ),
    vpn_container: Nullable(Type.String()),
    engine_variant: Nullable(Type.String()),
    platform: Nullable(Type.String()),
    version: Nullable(Type.String()),
    forwarded_port: Nullable(Type.Integer()),
    last_cache_cleanup: Type.Null({ description: 'For older clients: engines manage their own cache' }),
    cache_size_bytes: Type.Null({ description: 'For older clients: the size is unknown' }),
  },
  { title: 'Engine' },
);

/** `GET /engines`. */
export const EngineListSchema = Type.Array(EngineSchema);

/** `GET /engines/{id}`. */
export const EngineDetailsSchema = Type.Object({ engine: EngineSchema, streams: Type.Array(StreamSchema) });

/** `DELETE /engines/{id}`. */
export const EngineRemovedSchema = Type.Object({
  deleted: Type.String({ description: 'Id of the removed engine' }),
});

/** `POST /engines/{id}/restart`. */
export const EngineRestartedSchema = Type.Object({
  restarted: Type.String({ description: 'Id of the engine that was restarted' }),
  container_id: Type.String({
    description: 'Id of the engine that runs now: another one if engines are local processes',
  }),
});

/** `GET /engines/{id}/stats`. */
export const EngineStatsSchema = Type.Object(
  {
    container_id: Type.String(),
    cpu_percent: CpuPercent,
    memory_usage: Bytes('Without the page cache'),
    memory_limit: Bytes(),
    memory_percent: Type.Number({ minimum: 0 }),
    network_rx_bytes: Bytes('Received'),
    network_tx_bytes: Bytes('Sent'),
    network_scope: oneOf(['own', 'shared', 'host'], {
      description:
        'Whose network the counters describe. With `host`, the traffic cannot be attributed to the engine and both are 0.',
    }),
    block_read_bytes: Bytes(),
    block_write_bytes: Bytes(),
    stale: Type.Boolean({
      description:
        "Whether these are its latest figures, because the agent of the engine's node has sent no current ones",
    }),
  },
  { title: 'EngineStats' },
);

/** `GET /engines/stats/all`. */
export const EngineStatsByIdSchema = Type.Record(Type.String(), EngineStatsSchema);

/** `GET /engines/stats/total`. */
export const TotalStatsSchema = Type.Object(
  {
    total_cpu_percent: CpuPercent,
    total_memory_usage: Bytes(),
    total_network_rx_bytes: Bytes('Each network namespace counted once'),
    total_network_tx_bytes: Bytes('Each network namespace counted once'),
    total_block_read_bytes: Bytes(),
    total_block_write_bytes: Bytes(),
    container_count: Count('Number of engines included'),
    stale_container_count: Count(
      'Number of these whose latest figures are used, because their nodes have sent no current ones',
    ),
    missing_nodes: Type.Array(Type.String(), {
      description: 'Host names of the nodes of a Docker Swarm that have sent no current figures',
    }),
  },
  { title: 'TotalStats' },
);

// Names are restricted by `propertyNames`, because the OpenAPI generator drops `patternProperties`.
const NO_CONTROL_CHARACTERS = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

/**
 * Body of `POST /provision/acestream`. Unknown fields, such as `image`, are ignored: clients may be newer than the
 * service. Null is the same as no value.
 */
export const ProvisionBody = Type.Object(
  {
    labels: Type.Optional(
      Nullable(
        Type.Record(Type.String(), Type.String({ maxLength: 1024, pattern: NO_CONTROL_CHARACTERS }), {
          propertyNames: { pattern: '^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]{0,126}[a-zA-Z0-9])?$' },
          maxProperties: 64,
          description: 'Labels of the engine',
        }),
      ),
    ),
    env: Type.Optional(
      Nullable(
        Type.Record(Type.String(), Type.String({ maxLength: 4096, pattern: NO_CONTROL_CHARACTERS }), {
          propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' },
          maxProperties: 64,
          description:
            'Environment variables of the engine. Those that change what code a program runs, such as `NODE_OPTIONS`, are refused where engines are local processes.',
        }),
      ),
    ),
    host_port: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: 1,
          maximum: 65_535,
          description: 'Port on the host, within PORT_RANGE_HOST. Defaults to a free one.',
        }),
      ),
    ),
  },
  { examples: [{ labels: { purpose: 'live-tv' }, env: {} }] },
);

/** `POST /provision/acestream`. */
export const ProvisionedSchema = Type.Object(
  {
    container_id: Type.String(),
    container_name: Type.String(),
    host_http_port: Type.Integer(),
    container_http_port: Type.Integer(),
    container_https_port: Type.Integer(),
  },
  { title: 'ProvisionedEngine' },
);
