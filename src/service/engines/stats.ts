import type { Clock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import { CpuMeter } from './cpu.ts';
import type { EngineRegistry } from './registry.ts';
import type { EngineRuntime, ResourceSample } from './runtime.ts';

/** Figures of one engine: bytes, and percent where 100 is one core. Named as on the wire. */
export interface ContainerStats {
  container_id: string;
  cpu_percent: number;
  memory_usage: number;
  memory_limit: number;
  memory_percent: number;
  network_rx_bytes: number;
  network_tx_bytes: number;
  /**
   * Whose network the counters are: the engine's `own`; one it shares with its VPN and other engines; or
   * its `host`'s, which is not counted at all, so that the two read 0.
   */
  network_scope: 'own' | 'shared' | 'host';
  block_read_bytes: number;
  block_write_bytes: number;
}

/** Sums over all running engines. */
export interface TotalStats {
  total_cpu_percent: number;
  total_memory_usage: number;
  total_network_rx_bytes: number;
  total_network_tx_bytes: number;
  total_block_read_bytes: number;
  total_block_write_bytes: number;
  container_count: number;
}

/** Reads what engines use, each time from the runtime. */
export class EngineStats {
  readonly #runtime: EngineRuntime;
  readonly #registry: EngineRegistry;
  readonly #clock: Clock;
  readonly #cpu = new CpuMeter();
  /** What was read last of all engines, and when by the clock. */
  #latest: { samples: ReadonlyMap<string, ResourceSample>; readAt: number } | undefined;

  constructor(runtime: EngineRuntime, registry: EngineRegistry, clock: Clock) {
    this.#runtime = runtime;
    this.#registry = registry;
    this.#clock = clock;
  }

  /** Figures by engine id; an engine that could not be read is left out. */
  async all(signal: AbortSignal): Promise<Record<string, ContainerStats>> {
    const samples = await this.#sampleAll(signal);
    return Object.fromEntries([...samples].map(([id, sample]) => [id, this.#describe(id, sample)]));
  }

  async total(signal: AbortSignal): Promise<TotalStats> {
    const samples = await this.#sampleAll(signal);
    const total: TotalStats = {
      total_cpu_percent: 0,
      total_memory_usage: 0,
      total_network_rx_bytes: 0,
      total_network_tx_bytes: 0,
      total_block_read_bytes: 0,
      total_block_write_bytes: 0,
      container_count: samples.size,
    };
    const networks = new Set<string | null>();
    for (const [id, sample] of samples) {
      total.total_cpu_percent += this.#cpu.percent(id, sample);
      total.total_memory_usage += sample.memoryUsage;
      total.total_block_read_bytes += sample.blockRead;
      total.total_block_write_bytes += sample.blockWrite;
      if (networks.has(sample.networkNamespace)) continue;
      networks.add(sample.networkNamespace);
      total.total_network_rx_bytes += sample.networkRx;
      total.total_network_tx_bytes += sample.networkTx;
    }
    total.total_cpu_percent = round(total.total_cpu_percent);
    return total;
  }

  /** The samples of all engines that run: those that somebody has had read within `maxAgeMs`, else new ones. */
  async samples(maxAgeMs: number, signal: AbortSignal): Promise<ReadonlyMap<string, ResourceSample>> {
    this.#registry.assertAvailable();
    const recent =
      this.#latest && this.#clock.now() - this.#latest.readAt <= maxAgeMs ? this.#latest.samples : undefined;
    const known = this.#runningIds().map((id) => [id, recent?.get(id)] as const);
    const isWhole = known.every((entry): entry is [string, ResourceSample] => entry[1] !== undefined);
    return isWhole ? new Map(known) : this.#sampleAll(signal);
  }

  /** @throws RoundhouseError `engine_not_found`, or `stats_unavailable` where it could not be read. */
  async one(id: string, signal: AbortSignal): Promise<ContainerStats> {
    this.#registry.assertAvailable();
    if (!this.#registry.get(id))
      throw new RoundhouseError('engine_not_found', `No managed engine has the id ${id}`);
    const sample = (await this.#runtime.sample([id], signal)).get(id);
    if (!sample)
      throw new RoundhouseError('stats_unavailable', `The figures of engine ${id} could not be read`);
    return this.#describe(id, sample);
  }

  async #sampleAll(signal: AbortSignal): Promise<ReadonlyMap<string, ResourceSample>> {
    this.#registry.assertAvailable();
    const readAt = this.#clock.now();
    const ids = this.#runningIds();
    if (ids.length === 0) return new Map();
    const samples = await this.#runtime.sample(ids, signal);
    this.#cpu.retain(new Set(ids));
    // All of them unreadable while they run is a fault of ours or the runtime's, not a sum of zero.
    if (samples.size === 0 && ids.some((id) => this.#registry.get(id))) {
      throw new RoundhouseError('stats_unavailable', 'No engine could be read');
    }
    this.#latest = { samples, readAt };
    return samples;
  }

  #runningIds(): string[] {
    return this.#registry.list().flatMap(({ id, startedAt }) => (startedAt === null ? [] : [id]));
  }

  #describe(id: string, sample: ResourceSample): ContainerStats {
    return {
      container_id: id,
      cpu_percent: round(this.#cpu.percent(id, sample)),
      memory_usage: sample.memoryUsage,
      memory_limit: sample.memoryLimit,
      memory_percent: sample.memoryLimit > 0 ? round((sample.memoryUsage / sample.memoryLimit) * 100) : 0,
      network_rx_bytes: sample.networkRx,
      network_tx_bytes: sample.networkTx,
      network_scope:
        sample.networkNamespace === null ? 'host' : sample.networkNamespace === id ? 'own' : 'shared',
      block_read_bytes: sample.blockRead,
      block_write_bytes: sample.blockWrite,
    };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
