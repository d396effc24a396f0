import type { Registry } from '@prometheus-io/client';
import type { Engine, Health } from '../engines/engine.ts';
import { gauge, gaugeBy } from './instruments.ts';
import type { KnownVpn } from './vpn.ts';

/** The state of engines, streams and VPNs at one time, as held in memory. */
export interface DomainSnapshot {
  runtimeAvailable: boolean;
  engines: readonly Engine[];
  /** Playing streams and the ids of the engines they play on. */
  streams: { active: number; engineIds: ReadonlySet<string> };
  /** The configured VPNs: none, one or two. */
  vpns: readonly KnownVpn[];
  minReplicas: number;
  /** Connections to /events/live. */
  liveClients: number;
}

type EngineState = Health | 'starting';

/** Declares `roundhouse_*` of engines, streams and clients. @returns a function that sets them */
export function domainMetrics(registry: Registry): (snapshot: DomainSnapshot) => void {
  const setAvailable = gauge(
    registry,
    'roundhouse_runtime_available',
    'Whether the engine runtime responds (1) or not (0).',
  );
  const setEngines = gaugeBy<EngineState>(registry, 'roundhouse_engines', 'Engines by state.', 'state');
  const setStreams = gauge(registry, 'roundhouse_active_streams', 'Playing streams.');
  const setClients = gauge(registry, 'roundhouse_live_clients', 'Clients connected to /events/live.');
  return ({ runtimeAvailable, engines, streams, liveClients }) => {
    setAvailable(runtimeAvailable ? 1 : 0);
    setEngines(countStates(engines));
    setStreams(streams.active);
    setClients(liveClients);
  };
}

function countStates(engines: readonly Engine[]): Record<EngineState, number> {
  const counts = { starting: 0, healthy: 0, unhealthy: 0, unknown: 0 };
  for (const { startedAt, health } of engines) counts[startedAt === null ? 'starting' : health] += 1;
  return counts;
}
