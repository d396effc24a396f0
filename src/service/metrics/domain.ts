import type { Registry } from '@prometheus-io/client';
import type { BreakerState } from '../engines/breaker.ts';
import type { Engine, Health } from '../engines/engine.ts';
import type { ResourceSample } from '../engines/runtime.ts';
import { engineMetrics } from './engines.ts';
import { gauge, gaugeBy } from './instruments.ts';
import { type KnownNode, nodeMetrics } from './nodes.ts';
import type { KnownVpn } from './vpn.ts';

/** The state of engines, streams and VPNs at one time, as held in memory. */
export interface DomainSnapshot {
  runtimeAvailable: boolean;
  engines: readonly Engine[];
  /** Playing streams, in all and by id of the engine they play on. */
  streams: { active: number; byEngine: ReadonlyMap<string, number> };
  /** The latest samples by id of the engine, without those that are out of date. */
  samples: ReadonlyMap<string, ResourceSample>;
  /** The configured VPNs: none, one or two. */
  vpns: readonly KnownVpn[];
  minReplicas: number;
  /** State of each circuit breaker of provisioning. */
  breakers: Readonly<Record<'general' | 'replacement', BreakerState>>;
  /** The nodes of a Swarm; none with other runtimes. */
  nodes: readonly KnownNode[];
  /** Connections to /events/live. */
  liveClients: number;
}

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 0.5, open: 1 };

type EngineState = Health | 'starting';

/** Declares `roundhouse_*` of engines, streams and clients. @returns a function that sets them */
export function domainMetrics(registry: Registry): (snapshot: DomainSnapshot) => void {
  const setAvailable = gauge(
    registry,
    'roundhouse_runtime_available',
    'Whether the engine runtime responds (1) or not (0). In a Swarm, whether a manager does.',
  );
  const setEngines = gaugeBy<EngineState>(registry, 'roundhouse_engines', 'Engines by state.', 'state');
  const setStreams = gauge(registry, 'roundhouse_active_streams', 'Playing streams.');
  const setClients = gauge(registry, 'roundhouse_live_clients', 'Clients connected to /events/live.');
  const setBreakers = gaugeBy<keyof DomainSnapshot['breakers']>(
    registry,
    'roundhouse_breaker_open',
    'Whether a circuit breaker prevents the start of engines (1) or not (0). A half-open breaker is 0.5.',
    'breaker',
  );
  const setSeries = engineMetrics(registry);
  const setNodes = nodeMetrics(registry);
  return ({ runtimeAvailable, engines, streams, samples, breakers, nodes, liveClients }) => {
    setNodes(nodes, engines);
    setAvailable(runtimeAvailable ? 1 : 0);
    setEngines(countStates(engines));
    setStreams(streams.active);
    setClients(liveClients);
    setBreakers({
      general: BREAKER_VALUES[breakers.general],
      replacement: BREAKER_VALUES[breakers.replacement],
    });
    setSeries({ engines, streamCounts: streams.byEngine, samples });
  };
}

function countStates(engines: readonly Engine[]): Record<EngineState, number> {
  const counts = { starting: 0, healthy: 0, unhealthy: 0, unknown: 0 };
  for (const { startedAt, health } of engines) counts[startedAt === null ? 'starting' : health] += 1;
  return counts;
}
