import type { ResourceSample } from '../engines/runtime.ts';
import type { Point } from './columns.ts';

/** Resource usage of all engines together. */
export type Usage = Pick<
  Point,
  | 'cpu_percent'
  | 'memory_usage'
  | 'network_rx_rate'
  | 'network_tx_rate'
  | 'block_read_rate'
  | 'block_write_rate'
>;

/** The usage when there are no samples. */
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

/** The counters of an engine or a network, and when they started at zero; null if unknown. */
interface Reading {
  sample: ResourceSample;
  startedAt: number | null;
}

type Readings = ReadonlyMap<string, Reading>;

const CPU_NS_PER_PERCENT = 1e7;

/**
 * Computes usage from the differences between consecutive samples. Counters are compared per engine and per
 * network, not as sums: a sum falls when an engine ends, and jumps when a running engine is discovered.
 */
export class UsageMeter {
  #engines: Readings = new Map();
  #networks: Readings = new Map();
  /** Time of the previous samples in milliseconds since the epoch; null before the first. */
  #takenAt: number | null = null;

  /**
   * Computes the usage since the previous call.
   * @param samples the latest sample of every engine, by ID
   * @param now when the engines were listed, in milliseconds since the epoch
   * @returns null for rates that cannot be computed: at the first call, and of the network of the host
   */
  measure(samples: Samples, now: number): Usage {
    const engines = readEngines(samples);
    const networks = readNetworks(samples);
    const usesHostNetwork = samples.size > 0 && networks.size === 0;
    const engineRate = (counter: Counter) => this.#rate(engines, this.#engines, counter);
    const networkRate = (counter: Counter) =>
      usesHostNetwork ? null : this.#rate(networks, this.#networks, counter);
    const cpuNs = engineRate('cpuNs');
    const usage: Usage = {
      cpu_percent: cpuNs === null ? null : cpuNs / CPU_NS_PER_PERCENT,
      memory_usage: sum([...samples.values()].map(({ memoryUsage }) => memoryUsage)),
      network_rx_rate: networkRate('networkRx'),
      network_tx_rate: networkRate('networkTx'),
      block_read_rate: engineRate('blockRead'),
      block_write_rate: engineRate('blockWrite'),
    };
    this.#engines = engines;
    this.#networks = networks;
    this.#takenAt =
      samples.size === 0 ? now : Math.max(...[...samples.values()].map(({ takenAt }) => takenAt));
    return usage;
  }

  /** Sum of the rates per second, without those that are unknown; null if all are. */
  #rate(readings: Readings, previous: Readings, counter: Counter): number | null {
    const rates = [...readings].flatMap(
      ([id, reading]) => this.#rateOf(reading, previous.get(id), counter) ?? [],
    );
    return rates.length === 0 && readings.size > 0 ? null : sum(rates);
  }

  #rateOf({ sample, startedAt }: Reading, previous: Reading | undefined, counter: Counter): number | null {
    const base = previous?.startedAt === startedAt ? previous?.sample : undefined;
    // A counter that started since the previous samples has its whole value from this period.
    const isNew = startedAt !== null && this.#takenAt !== null && startedAt >= this.#takenAt;
    const since = base?.takenAt ?? (isNew ? this.#takenAt : null);
    if (since === null) return null;
    const elapsedMs = sample.takenAt - since;
    const increase = sample[counter] - (base?.[counter] ?? 0);
    return elapsedMs > 0 && increase >= 0 ? (increase / elapsedMs) * 1000 : null;
  }
}

function readEngines(samples: Samples): Readings {
  return new Map([...samples].map(([id, sample]) => [id, { sample, startedAt: sample.startedAt }]));
}

/**
 * Each network once. One that engines share with a VPN container started with that container, at an unknown
 * time.
 */
function readNetworks(samples: Samples): Readings {
  const networks = new Map<string, Reading>();
  for (const [id, sample] of samples) {
    const { networkNamespace } = sample;
    if (networkNamespace === null || networks.has(networkNamespace)) continue;
    networks.set(networkNamespace, { sample, startedAt: networkNamespace === id ? sample.startedAt : null });
  }
  return networks;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
