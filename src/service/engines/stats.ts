import type { Clock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import { CpuMeter } from './cpu.ts';
import type { EngineRegistry } from './registry.ts';
import type { EngineRuntime, ResourceSample } from './runtime.ts';

/** What one engine uses: bytes, and percent where 100 is one core. Counters count since the engine started. */
export interface EngineUsage {
  engineId: string;
  cpuPercent: number;
  /** Without the page cache. */
  memoryUsage: number;
  /** 0 means no limit. */
  memoryLimit: number;
  /** 0 if there is no limit. */
  memoryPercent: number;
  networkRx: number;
  networkTx: number;
  /**
   * Whose network the counters describe: the engine's `own`, one it shares with its VPN and other engines, or
   * its `host`'s. The host's traffic is not counted, so both counters are 0.
   */
  networkScope: 'own' | 'shared' | 'host';
  blockRead: number;
  blockWrite: number;
}

/** Sums over all running engines. A network that several engines share is counted once. */
export interface TotalUsage
  extends Pick<
    EngineUsage,
    'cpuPercent' | 'memoryUsage' | 'networkRx' | 'networkTx' | 'blockRead' | 'blockWrite'
  > {
  engineCount: number;
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
  async all(signal: AbortSignal): Promise<Record<string, EngineUsage>> {
    const samples = await this.#sampleAll(signal);
    return Object.fromEntries([...samples].map(([id, sample]) => [id, this.#describe(id, sample)]));
  }

  async total(signal: AbortSignal): Promise<TotalUsage> {
    const samples = await this.#sampleAll(signal);
    const total: TotalUsage = {
      cpuPercent: 0,
      memoryUsage: 0,
      networkRx: 0,
      networkTx: 0,
      blockRead: 0,
      blockWrite: 0,
      engineCount: samples.size,
    };
    const networks = new Set<string | null>();
    for (const [id, sample] of samples) {
      total.cpuPercent += this.#cpu.percent(id, sample);
      total.memoryUsage += sample.memoryUsage;
      total.blockRead += sample.blockRead;
      total.blockWrite += sample.blockWrite;
      if (networks.has(sample.networkNamespace)) continue;
      networks.add(sample.networkNamespace);
      total.networkRx += sample.networkRx;
      total.networkTx += sample.networkTx;
    }
    total.cpuPercent = round(total.cpuPercent);
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
  async one(id: string, signal: AbortSignal): Promise<EngineUsage> {
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

  #describe(id: string, sample: ResourceSample): EngineUsage {
    return {
      engineId: id,
      cpuPercent: round(this.#cpu.percent(id, sample)),
      memoryUsage: sample.memoryUsage,
      memoryLimit: sample.memoryLimit,
      memoryPercent: sample.memoryLimit > 0 ? round((sample.memoryUsage / sample.memoryLimit) * 100) : 0,
      networkRx: sample.networkRx,
      networkTx: sample.networkTx,
      networkScope:
        sample.networkNamespace === null ? 'host' : sample.networkNamespace === id ? 'own' : 'shared',
      blockRead: sample.blockRead,
      blockWrite: sample.blockWrite,
    };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
