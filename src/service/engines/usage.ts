import type { Clock } from '../../library/cache/index.ts';
import { RoundhouseError } from '../errors.ts';
import { CpuMeter } from './cpu.ts';
import type { EngineRegistry } from './registry.ts';
import type { EngineRuntime, ResourceSample } from './runtime.ts';

/** Resource usage of one engine in bytes and, with 100 for one core, percent. Counters start with the engine. */
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
  /** Whether these are earlier figures, because the engine's node has sent no current ones. */
  isStale: boolean;
}

/** Totals of all running engines. A network that several engines share is counted once. */
export interface TotalUsage
  extends Pick<
    EngineUsage,
    'cpuPercent' | 'memoryUsage' | 'networkRx' | 'networkTx' | 'blockRead' | 'blockWrite'
  > {
  engineCount: number;
  /** Number of engines that count with earlier figures, because their nodes have sent no current ones. */
  staleEngineCount: number;
  /** Names of these nodes, and of those with engines that have no figures at all. */
  missingNodes: string[];
}

/** Computes the resource usage of engines from samples of the runtime. */
export class EngineUsageReader {
  readonly #runtime: EngineRuntime;
  readonly #registry: EngineRegistry;
  readonly #clock: Clock;
  readonly #cpu = new CpuMeter();
  /** The latest samples of all engines, and when they were taken by the clock. */
  #latest: { samples: ReadonlyMap<string, ResourceSample>; sampledAt: number } | undefined;

  constructor(runtime: EngineRuntime, registry: EngineRegistry, clock: Clock) {
    this.#runtime = runtime;
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Samples all running engines.
   * @returns the usage by engine id, without engines that could not be read
   * @throws RoundhouseError `runtime_unavailable`, or `stats_unavailable` if no engine could be read
   */
  async all(signal: AbortSignal): Promise<Record<string, EngineUsage>> {
    const samples = await this.#sampleAll(signal);
    return Object.fromEntries([...samples].map(([id, sample]) => [id, this.#usageOf(id, sample)]));
  }

  /**
   * Samples all running engines.
   * @throws RoundhouseError `runtime_unavailable`, or `stats_unavailable` if no engine could be read
   */
  async total(signal: AbortSignal): Promise<TotalUsage> {
    const ids = this.#runningIds();
    const samples = await this.#sampleAll(signal);
    const total: TotalUsage = {
      cpuPercent: 0,
      memoryUsage: 0,
      networkRx: 0,
      networkTx: 0,
      blockRead: 0,
      blockWrite: 0,
      engineCount: samples.size,
      staleEngineCount: [...samples.values()].filter(({ isStale }) => isStale).length,
      missingNodes: this.#missingNodes(ids, samples),
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

  /** The latest samples of all engines, without reading new ones; empty if they are older than `maxAgeMs`. */
  recent(maxAgeMs: number): ReadonlyMap<string, ResourceSample> {
    if (!this.#latest || this.#clock.now() - this.#latest.sampledAt > maxAgeMs) return new Map();
    return this.#latest.samples;
  }

  /**
   * Returns a sample of each running engine: the latest ones if all are at most `maxAgeMs` old, else new ones.
   * @throws RoundhouseError `runtime_unavailable`, or `stats_unavailable` if no engine could be read
   */
  async samples(maxAgeMs: number, signal: AbortSignal): Promise<ReadonlyMap<string, ResourceSample>> {
    this.#registry.assertAvailable();
    const recent = this.recent(maxAgeMs);
    const entries = this.#runningIds().map((id) => [id, recent.get(id)] as const);
    const isComplete = entries.every((entry): entry is [string, ResourceSample] => entry[1] !== undefined);
    return isComplete ? new Map(entries) : this.#sampleAll(signal);
  }

  /**
   * Samples one engine.
   * @throws RoundhouseError `engine_not_found`, `runtime_unavailable`, or `stats_unavailable` if it could not be read
   */
  async one(id: string, signal: AbortSignal): Promise<EngineUsage> {
    this.#registry.assertAvailable();
    if (!this.#registry.get(id))
      throw new RoundhouseError('engine_not_found', `No managed engine has the id ${id}`);
    const sample = (await this.#runtime.sample([id], signal)).get(id);
    if (!sample)
      throw new RoundhouseError('stats_unavailable', `The usage of engine ${id} could not be read`);
    return this.#usageOf(id, sample);
  }

  async #sampleAll(signal: AbortSignal): Promise<ReadonlyMap<string, ResourceSample>> {
    this.#registry.assertAvailable();
    const sampledAt = this.#clock.now();
    const ids = this.#runningIds();
    if (ids.length === 0) return new Map();
    const samples = await this.#runtime.sample(ids, signal);
    this.#cpu.retain(new Set(ids));
    // If no running engine can be read, that is an error. Totals of 0 would look real and be wrong.
    if (samples.size === 0 && ids.some((id) => this.#registry.get(id))) {
      throw new RoundhouseError('stats_unavailable', 'The usage of no engine could be read');
    }
    this.#latest = { samples, sampledAt };
    return samples;
  }

  /**
   * Nodes with running engines that have no current sample. Whether their agents are connected does not matter: one that
   * has connected since then got no request.
   */
  #missingNodes(ids: readonly string[], samples: ReadonlyMap<string, ResourceSample>): string[] {
    const missing = ids.flatMap((id) => {
      const engine = this.#registry.get(id);
      const sample = samples.get(id);
      return engine?.node && (!sample || sample.isStale) ? [engine.node.name] : [];
    });
    return [...new Set(missing)].sort();
  }

  #runningIds(): string[] {
    return this.#registry.list().flatMap(({ id, startedAt }) => (startedAt === null ? [] : [id]));
  }

  #usageOf(id: string, sample: ResourceSample): EngineUsage {
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
      isStale: sample.isStale ?? false,
    };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
