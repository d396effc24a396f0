import type { WireTotalStats } from '../../src/service/api/views/stats.ts';
import { readAgentKey } from '../../src/service/runtimes/swarm/agent/key.ts';
import { AgentLink } from '../../src/service/runtimes/swarm/agent-link.ts';
import type { SimulatedSwarm } from '../../test/support/swarm/simulated-swarm.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Bench, Row } from '../row.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { atLeast, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';
import { ratios } from '../support/statistics.ts';
import { openSimulatedSwarm } from '../support/swarm.ts';

const NODES = 20;
const ENGINES = 500;
const POLLERS = 20;
const TIMEOUT_MS = 30_000;

/** Reads the figures of all engines. Returns their number. */
type Poll = () => Promise<number>;

export const swarmScale: Row = {
  name: 'swarm-scale',
  title: `A Swarm of ${NODES} simulated nodes with ${ENGINES} engines: ${POLLERS} pollers read the figures of all engines`,
  async run(bench: Bench): Promise<Finding[]> {
    const rounds = bench.quick ? 2 : 7;
    const swarm = await openSimulatedSwarm(bench.cleanup, NODES, ENGINES);
    const { url } = await startRoundhouse(bench.cleanup, swarm.settings);
    const connected = async () =>
      (await getJson<{ agent: string }[]>(`${url}/nodes`)).filter(({ agent }) => agent === 'connected')
        .length;
    await waitUntil('all agents are connected', async () => (await connected()) === NODES, TIMEOUT_MS);
    const askUs = async () => (await getJson<WireTotalStats>(`${url}/engines/stats/total`)).container_count;
    const askAgents = pollAgents(bench.cleanup, swarm);
    const [ours, agents]: [Measured, Measured] = [new Measured(), new Measured()];
    for (let round = 0; round < rounds; round += 1) {
      await ours.add(swarm, askUs);
      await agents.add(swarm, askAgents);
    }
    return [
      {
        what: 'one poll: every agent is asked ÷ GET /engines/stats/total',
        unit: '×',
        target: atLeast(10),
        rounds: ratios(agents.pollMs, ours.pollMs),
      },
      { what: 'one poll: GET /engines/stats/total', unit: 'ms', target: null, rounds: ours.pollMs },
      { what: 'one poll: every agent is asked', unit: 'ms', target: null, rounds: agents.pollMs },
      { what: 'samples that an agent takes: Roundhouse', unit: 'count', target: null, rounds: ours.samples },
      {
        what: 'samples that an agent takes: every poll asks',
        unit: 'count',
        target: null,
        rounds: agents.samples,
      },
    ];
  },
};

/** The peer: the same agents, over connections of its own, which are kept alive, and without sharing between polls. */
function pollAgents(cleanup: Cleanup, { addresses, keyFile }: SimulatedSwarm): Poll {
  const key = readAgentKey(keyFile);
  const listener = { onHello: () => {}, onEvent: () => {}, onLost: () => {} };
  const links = addresses.map((address) => new AgentLink(address, key, listener));
  for (const link of links) cleanup.add(() => link.close());
  return async () => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const replies = await Promise.all(links.map((link) => link.samples(signal)));
    return replies.reduce((sum, { samples }) => sum + Object.keys(samples).length, 0);
  };
}

/** Polls of all pollers at the same time, five in a row each. */
class Measured {
  /** Mean duration of a poll in each round. */
  readonly pollMs: number[] = [];
  /** How often an agent took samples in each round, on average. It takes them once for requests at the same time. */
  readonly samples: number[] = [];

  async add(swarm: SimulatedSwarm, poll: Poll): Promise<void> {
    const before = await swarm.counts();
    const times: number[] = [];
    const run = async () => {
      for (let count = 0; count < 5; count += 1) {
        const startedAt = performance.now();
        const found = await poll();
        times.push(performance.now() - startedAt);
        if (found !== ENGINES) throw new Error(`expected figures of ${ENGINES} engines, got ${found}`);
      }
    };
    await Promise.all(Array.from({ length: POLLERS }, run));
    const after = await swarm.counts();
    this.pollMs.push(times.reduce((sum, ms) => sum + ms) / times.length);
    this.samples.push(after.reduce((sum, count, index) => sum + count - before[index]!, 0) / after.length);
  }
}
