import { Type } from 'typebox';
import { Nullable, Time } from './common.ts';

const Count = Type.Integer({ minimum: 0 });

export const BlockedSchema = Type.Object({
  code: Type.Union([
    Type.Literal('vpn_disconnected'),
    Type.Literal('circuit_breaker'),
    Type.Literal('max_capacity'),
  ]),
  message: Type.String(),
  recovery_eta_seconds: Nullable(Type.Integer({ minimum: 0 })),
  can_retry: Type.Boolean(),
  should_wait: Type.Boolean(),
});

export const StatusSchema = Type.Object({
  status: Type.Union([Type.Literal('healthy'), Type.Literal('degraded'), Type.Literal('unavailable')]),
  engines: Type.Object({ total: Count, running: Count, healthy: Count, unhealthy: Count }),
  streams: Type.Object({ active: Count, total: Count }),
  capacity: Type.Object({
    total: Count,
    used: Count,
    available: Count,
    max_replicas: Count,
    min_replicas: Count,
  }),
  vpn: Type.Object({
    enabled: Type.Boolean(),
    connected: Type.Boolean(),
    health: Type.String(),
    container: Nullable(Type.String()),
    forwarded_port: Nullable(Type.Integer()),
  }),
  provisioning: Type.Object({
    can_provision: Type.Boolean(),
    circuit_breaker_state: Type.Union([
      Type.Literal('closed'),
      Type.Literal('open'),
      Type.Literal('half_open'),
    ]),
    last_failure: Nullable(Time),
    blocked_reason: Nullable(Type.String()),
    blocked_reason_details: Nullable(BlockedSchema),
  }),
  config: Type.Object({
    auto_delete: Type.Boolean(),
    grace_period_s: Type.Number(),
    engine_variant: Type.String(),
    debug_mode: Type.Boolean(),
  }),
  timestamp: Time,
});

const VpnFields = {
  enabled: Type.Boolean(),
  status: Nullable(Type.String()),
  container_name: Nullable(Type.String()),
  container: Nullable(Type.String()),
  health: Type.Union([
    Type.Literal('healthy'),
    Type.Literal('unhealthy'),
    Type.Literal('starting'),
    Type.Literal('unknown'),
  ]),
  connected: Type.Boolean(),
  forwarded_port: Nullable(Type.Integer()),
  public_ip: Nullable(Type.String()),
  provider: Nullable(Type.String()),
  country: Nullable(Type.String()),
  city: Nullable(Type.String()),
  region: Nullable(Type.String()),
  last_check: Nullable(Type.Number({ description: 'Seconds since the epoch' })),
  last_check_at: Nullable(Time),
};

const OneVpnSchema = Type.Object({ mode: Type.Literal('single'), ...VpnFields });

export const VpnSchema = Type.Object({
  mode: Type.Union([Type.Literal('disabled'), Type.Literal('single'), Type.Literal('redundant')], {
    description: 'Of two VPNs, the fields beside `vpn1` and `vpn2` are those of the first that is connected',
  }),
  ...VpnFields,
  vpn1: Nullable(OneVpnSchema),
  vpn2: Nullable(OneVpnSchema),
  emergency_mode: Type.Object({
    active: Type.Boolean(),
    failed_vpn: Nullable(Type.String()),
    healthy_vpn: Nullable(Type.String()),
    duration_seconds: Nullable(Type.Number()),
  }),
});
