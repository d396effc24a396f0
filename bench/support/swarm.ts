import { type SimulatedSwarm, startSimulatedSwarm } from '../../test/support/swarm/simulated-swarm.ts';
import { type Swarm, startSwarm } from '../../test/support/swarm/swarm.ts';
import type { Cleanup } from './cleanup.ts';

/**
 * Starts a Swarm of three real daemons with one manager.
 * @throws Error if no daemon can run here, for example for users other than root
 */
export async function openSwarm(cleanup: Cleanup): Promise<Swarm> {
  const starting = startSwarm(3, 1);
  // Added before it is ready, so that an interrupt during the start stops it too.
  cleanup.add(async () => (await starting.catch(() => undefined))?.stop());
  return await starting;
}

/** Starts nodes of which only the agents are real. */
export async function openSimulatedSwarm(
  cleanup: Cleanup,
  nodes: number,
  engines: number,
): Promise<SimulatedSwarm> {
  const starting = startSimulatedSwarm(nodes, engines);
  cleanup.add(async () => (await starting.catch(() => undefined))?.stop());
  return await starting;
}
