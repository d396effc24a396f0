import type { AgentSamples } from '../../../src/service/runtimes/swarm/agent/protocol.ts';

/** What an agent reports of one engine, with a different value in each field. */
export const SAMPLE: AgentSamples['samples'][string] = {
  takenAt: 1000,
  startedAt: 0,
  cpuNs: 5,
  memoryUsage: 7,
  memoryLimit: 9,
  networkRx: 1,
  networkTx: 2,
  blockRead: 3,
  blockWrite: 4,
  networkNamespace: null,
};
