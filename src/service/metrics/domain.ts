import type { Registry } from '@prometheus-io/client';
import type { Engine, Health } from '../engines/engine.ts';
import { gauge, gaugeBy } from './instruments.ts';
import type { KnownVpn } from './vpn.ts';

/** What is known of the whole at one moment, without asking anyone. */
export interface DomainSnapshot {
  runtimeAvailable: boolean;
  engines: readonly Engine[];
  /** Streams that play, and the engines that are said to play them. */
  streams: { active: number; engineIds: ReadonlySet<string> };
  /** The configured VPNs: none, one or two. */
  vpns: readonly KnownVpn[];
  minReplicas: number;
  liveClients: number;
}

type EngineState = Health | 'starting';

/** `roundhouse_*` of engines, streams and who follows them. */
export function domainMetrics(registry: Registry): (facts: DomainSnapshot) => void {
  const setAvailable = gauge(registry, 'roundhouse_runtime_available', 'Whether the engine runtime answers.');
  const setEngines = gaugeBy<EngineState>(registry, 'roundhouse_engines', 'Engines by their state.', 'state');
  const setStreams = gauge(registry, 'roundhouse_active_streams', 'Streams that play.');
  const setClients = gauge(registry, 'roundhouse_live_clients', 'Clients that follow /events/live.');
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
