import type { Blocked } from './blocked.ts';
import type { BreakerSnapshot } from './breaker.ts';
import type { Engine } from './engine.ts';

/** The state of the whole, named as on the wire. */
export interface OrchestratorStatus {
  status: 'healthy' | 'degraded' | 'unavailable';
  engines: { total: number; running: number; healthy: number; unhealthy: number };
  streams: { active: number; total: number };
  capacity: { total: number; used: number; available: number; max_replicas: number; min_replicas: number };
  vpn: {
    enabled: boolean;
    connected: boolean;
    health: string;
    container: string | null;
    forwarded_port: number | null;
  };
  provisioning: {
    can_provision: boolean;
    circuit_breaker_state: BreakerSnapshot['state'];
    last_failure: string | null;
    blocked_reason: string | null;
    blocked_reason_details: Blocked | null;
  };
  config: { auto_delete: boolean; grace_period_s: number; engine_variant: string; debug_mode: boolean };
  timestamp: string;
}

export interface StatusInput {
  engines: readonly Engine[];
  streams: { active: number; total: number; engineIds: ReadonlySet<string> };
  vpn: OrchestratorStatus['vpn'];
  breaker: BreakerSnapshot;
  blocked: Blocked | null;
  limits: { minReplicas: number; maxReplicas: number };
  config: OrchestratorStatus['config'];
  now: Date;
}

/** Describes the whole from its parts; reads nothing itself. */
export function describeStatus(facts: StatusInput): OrchestratorStatus {
  const { engines, streams, breaker, blocked, limits } = facts;
  const running = engines.filter(({ startedAt }) => startedAt !== null).length;
  const used = engines.filter(({ id }) => streams.engineIds.has(id)).length;
  return {
    status: summarise(running, blocked),
    engines: {
      total: engines.length,
      running,
      healthy: engines.filter(({ health }) => health === 'healthy').length,
      unhealthy: engines.filter(({ health }) => health === 'unhealthy').length,
    },
    streams: { active: streams.active, total: streams.total },
    capacity: {
      total: engines.length,
      used,
      available: engines.length - used,
      max_replicas: limits.maxReplicas,
      min_replicas: limits.minReplicas,
    },
    vpn: facts.vpn,
    provisioning: {
      can_provision: blocked === null,
      circuit_breaker_state: breaker.state,
      last_failure: breaker.lastFailureTime === null ? null : new Date(breaker.lastFailureTime).toISOString(),
      blocked_reason: blocked?.message ?? null,
      blocked_reason_details: blocked,
    },
    config: facts.config,
    timestamp: facts.now.toISOString(),
  };
}

function summarise(running: number, blocked: Blocked | null): OrchestratorStatus['status'] {
  if (running === 0) return 'unavailable';
  if (blocked && blocked.code !== 'max_capacity') return 'degraded';
  return 'healthy';
}
