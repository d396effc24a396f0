import type { ResourceSample } from '../engines/runtime.ts';
import type { Point } from './columns.ts';

export type Usage = Pick<
  Point,
  | 'cpu_percent'
  | 'memory_usage'
  | 'network_rx_rate'
  | 'network_tx_rate'
  | 'block_read_rate'
  | 'block_write_rate'
>;

export const UNKNOWN_USAGE: Usage = {
  cpu_percent: null,
  memory_usage: null,
  network_rx_rate: null,
  network_tx_rate: null,
  block_read_rate: null,
  block_write_rate: null,
};

type Samples = ReadonlyMap<string, ResourceSample>;
type Counter = 'cpuNs' | 'networkRx' | 'networkTx' | 'blockRead' | 'blockWrite';

/** Counters of an engine or of a network, and when they began at zero; null where nobody knows. */
interface Reading {
  sample: ResourceSample;
  beganAt: number | null;
}

type Readings = ReadonlyMap<string, Reading>;

const CPU_NS_PER_PERCENT = 1e7;

/**
 * What all engines use together, from how their counters have moved since the last time. They are compared
 * engine by engine and network by network: a sum of counters falls when an engine ends, and one that is found
 * would raise it by all that it has used so far.
 */
export class UsageMeter {
  #engines: Readings = new Map();
  #networks: Readings = new Map();
  /** When the last samples were taken, in milliseconds since the epoch; null before the first. */
  #takenAt: number | null = null;

  /**
   * @param now when the engines were found to be these, in milliseconds since the epoch.
   * @returns null for a rate that nothing is known to measure from: at first, and for the network of the host.
   */
  measure(samples: Samples, now: number): Usage {
    const engines = readEngines(samples);
    const networks = readNetworks(samples);
    const onHost = samples.size > 0 && networks.size === 0;
    const ofEngines = (counter: Counter) => this.#rate(engines, this.#engines, counter);
    const ofNetworks = (counter: Counter) => (onHost ? null : this.#rate(networks, this.#networks, counter));
    const cpuNs = ofEngines('cpuNs');
    const usage: Usage = {
      cpu_percent: cpuNs === null ? null : cpuNs / CPU_NS_PER_PERCENT,
      memory_usage: sum([...samples.values()].map(({ memoryUsage }) => memoryUsage)),
      network_rx_rate: ofNetworks('networkRx'),
      network_tx_rate: ofNetworks('networkTx'),
      block_read_rate: ofEngines('blockRead'),
      block_write_rate: ofEngines('blockWrite'),
    };
    this.#engines = engines;
    this.#networks = networks;
    this.#takenAt =
      samples.size === 0 ? now : Math.max(...[...samples.values()].map(({ takenAt }) => takenAt));
    return usage;
  }

  /** How much a counter has moved in a second, all together; what cannot be told of one is left out. */
  #rate(readings: Readings, former: Readings, counter: Counter): number | null {
    const rates = [...readings].flatMap(
      ([id, reading]) => this.#rateOf(reading, former.get(id), counter) ?? [],
    );
    return rates.length === 0 && readings.size > 0 ? null : sum(rates);
  }

  #rateOf({ sample, beganAt }: Reading, former: Reading | undefined, counter: Counter): number | null {
    const base = former?.beganAt === beganAt ? former?.sample : undefined;
    // What began since the last time has used all that it has used since the last time.
    const beganSince = beganAt !== null && this.#takenAt !== null && beganAt >= this.#takenAt;
    const since = base?.takenAt ?? (beganSince ? this.#takenAt : null);
    if (since === null) return null;
    const elapsedMs = sample.takenAt - since;
    const moved = sample[counter] - (base?.[counter] ?? 0);
    return elapsedMs > 0 && moved >= 0 ? (moved / elapsedMs) * 1000 : null;
  }
}

function readEngines(samples: Samples): Readings {
  return new Map([...samples].map(([id, sample]) => [id, { sample, beganAt: sample.startedAt }]));
}

/** Each network once. One that engines share with a VPN's container is as old as that container. */
function readNetworks(samples: Samples): Readings {
  const networks = new Map<string, Reading>();
  for (const [id, sample] of samples) {
    const { networkNamespace } = sample;
    if (networkNamespace === null || networks.has(networkNamespace)) continue;
    networks.set(networkNamespace, { sample, beganAt: networkNamespace === id ? sample.startedAt : null });
  }
  return networks;
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
