import { Type } from 'typebox';
import { Bytes, CpuPercent, Nullable, Time } from './common.ts';

export const EngineSchema = Type.Object({
  container_id: Type.String(),
  container_name: Type.String(),
  host: Type.String({ description: 'Host under which `port` is reached' }),
  port: Type.Integer(),
  labels: Type.Record(Type.String(), Type.String()),
  forwarded: Type.Boolean({ description: "Whether it has the VPN's forwarded port" }),
  first_seen: Time,
  started_at: Nullable(Time),
  last_seen: Time,
  streams: Type.Array(Type.String(), { description: 'Ids of its started streams' }),
  health_status: Type.Union([Type.Literal('healthy'), Type.Literal('unhealthy'), Type.Literal('unknown')]),
  last_health_check: Nullable(Time),
  last_stream_usage: Nullable(Time),
  vpn_container: Nullable(Type.String()),
  engine_variant: Nullable(Type.String()),
  platform: Nullable(Type.String()),
  version: Nullable(Type.String()),
  forwarded_port: Nullable(Type.Integer()),
});

export const ContainerStatsSchema = Type.Object({
  container_id: Type.String(),
  cpu_percent: CpuPercent,
  memory_usage: Bytes('Without the page cache'),
  memory_limit: Bytes(),
  memory_percent: Type.Number({ minimum: 0 }),
  network_rx_bytes: Bytes(),
  network_tx_bytes: Bytes(),
  network_scope: Type.Union([Type.Literal('own'), Type.Literal('shared'), Type.Literal('host')], {
    description: "Whose the network counters are; with `host` they are not the engine's and read 0",
  }),
  block_read_bytes: Bytes(),
  block_write_bytes: Bytes(),
});

export const TotalStatsSchema = Type.Object({
  total_cpu_percent: CpuPercent,
  total_memory_usage: Bytes(),
  total_network_rx_bytes: Bytes('Each network namespace counted once'),
  total_network_tx_bytes: Bytes('Each network namespace counted once'),
  total_block_read_bytes: Bytes(),
  total_block_write_bytes: Bytes(),
  container_count: Type.Integer({ minimum: 0 }),
});

// Names are given by `propertyNames`: the OpenAPI generator drops the patterns of `patternProperties`.
const NO_CONTROL_CHARACTERS = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

export const ProvisionBody = Type.Object(
  {
    labels: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: 1024, pattern: NO_CONTROL_CHARACTERS }), {
        propertyNames: { pattern: '^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]{0,126}[a-zA-Z0-9])?$' },
        maxProperties: 64,
        description: 'Labels of the engine',
      }),
    ),
    env: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: 4096, pattern: NO_CONTROL_CHARACTERS }), {
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' },
        maxProperties: 64,
        description: 'Environment of the engine',
      }),
    ),
    host_port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port on the host, from PORT_RANGE_HOST' }),
    ),
  },
  { additionalProperties: false },
);

export const ProvisionedSchema = Type.Object({
  container_id: Type.String(),
  container_name: Type.String(),
  host_http_port: Type.Integer(),
  container_http_port: Type.Integer(),
  container_https_port: Type.Integer(),
});
