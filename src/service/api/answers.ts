import { isDeepStrictEqual } from 'node:util';
import { type CacheRead, cacheKey, type LoadingCache } from '../../library/cache/index.ts';
import { weakEtag } from '../../library/util/etag.ts';
import type { Config } from '../config/config.ts';
import type { CircuitBreaker } from '../engines/breaker.ts';
import type { Provisioner } from '../engines/provisioner.ts';
import type { EngineRegistry } from '../engines/registry.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { EngineUsageReader } from '../engines/usage.ts';
import { includesDebug } from '../log.ts';
import type { Streams } from '../streams/streams.ts';
import { connectivityOf, primaryVpn, type VpnState } from '../vpn/state.ts';
import type { VpnStateCache } from '../vpn/state-cache.ts';
import type { EngineViews, WireEngine } from './views/engines.ts';
import { listNodes, type WireNode } from './views/nodes.ts';
import {
  toWireStats,
  toWireStatsById,
  toWireTotalStats,
  type WireStats,
  type WireTotalStats,
} from './views/stats.ts';
import { toWireStatus, type WireStatus } from './views/status.ts';
import { toWireVpnState, type WireVpnState } from './views/vpn.ts';

declare const VALUE: unique symbol;

/** A response body with its validator, made once per load. `T` is the type of the value in the body. */
export interface Answer<T> {
  /**
   * JSON in UTF-8, one character per byte ("binary string"). Node.js sends the head and the body of such a
   * string in one write. A Buffer needs a gathering write of two chunks, which is slower.
   */
  readonly body: string;
  /** Weak entity tag. It ignores fields that only say when the answer was made. */
  readonly etag: string;
  /** Never set: it keeps answers of different types apart. */
  readonly [VALUE]?: T;
}

/** Reads an answer from the cache, or loads it. A cached answer is returned without a promise. */
export type ReadAnswer<T> = () => CacheRead<Answer<T>> | Promise<CacheRead<Answer<T>>>;

/** The reads that are answered from the cache. */
export interface Answers {
  /** All engines. */
  readonly engines: ReadAnswer<WireEngine[]>;
  /** Resource usage of each engine. */
  readonly statsAll: ReadAnswer<Record<string, WireStats>>;
  /** Resource usage of all engines together. */
  readonly statsTotal: ReadAnswer<WireTotalStats>;
  /** Resource usage of one engine, by its id. */
  statsOf(id: string): ReadAnswer<WireStats>;
  /** State of the orchestrator. */
  readonly status: ReadAnswer<WireStatus>;
  /** The nodes of a Swarm. */
  readonly nodes: ReadAnswer<WireNode[]>;
  /** State of the VPNs. */
  readonly vpn: ReadAnswer<WireVpnState>;
}

/** What the answers are made from. */
export interface AnswersParts {
  /** Where answers are kept. */
  cache: LoadingCache;
  config: Config;
  runtime: Pick<EngineRuntime, 'variant' | 'nodes'>;
  registry: EngineRegistry;
  stats: EngineUsageReader;
  /** The circuit breaker of provisioning. */
  breaker: CircuitBreaker;
  views: EngineViews;
  streams: Streams;
  provisioner: Provisioner;
  vpnState: VpnStateCache;
}

/** Keys of the cached answers. The state of the VPNs has a key of its own: `VPN_STATE_KEY`. */
export const ANSWER_KEYS = {
  engines: 'engines:list',
  statsAll: 'stats:all',
  statsTotal: 'stats:total',
  statsOf: (id: string) => cacheKey('stats', 'engine', id),
  status: 'orchestrator:status',
  nodes: 'nodes:list',
} as const;

/** Fields that say when an answer was made. An answer that differs only in these has the same entity tag. */
const TIME_FIELDS = new Set(['timestamp', 'last_check', 'last_check_at']);

/** Creates the cached answers. */
export function createAnswers(parts: AnswersParts): Answers {
  const { cache, config, stats, views, vpnState } = parts;
  const statsTtlS = config.cacheTtlStatsTotalS;
  const statusTtlS = config.cacheTtlOrchestratorStatusS;
  const cached = <T extends object>(
    key: string,
    ttlS: number,
    read: (signal: AbortSignal) => T | Promise<T>,
  ): ReadAnswer<T> => {
    const load = async (signal: AbortSignal) => toAnswer(await read(signal));
    return () => cache.read(key, load, { ttlS });
  };
  const toVpnAnswer = answersOf(toWireVpnState);
  return {
    engines: cached(ANSWER_KEYS.engines, statusTtlS, () => views.list()),
    statsAll: cached(ANSWER_KEYS.statsAll, statsTtlS, async (signal) =>
      toWireStatsById(await stats.all(signal)),
    ),
    statsTotal: cached(ANSWER_KEYS.statsTotal, statsTtlS, async (signal) =>
      toWireTotalStats(await stats.total(signal)),
    ),
    statsOf: (id) =>
      cached(ANSWER_KEYS.statsOf(id), statsTtlS, async (signal) => toWireStats(await stats.one(id, signal))),
    status: cached(ANSWER_KEYS.status, statusTtlS, () => readStatus(parts)),
    nodes: cached(ANSWER_KEYS.nodes, statusTtlS, () =>
      listNodes(parts.runtime, parts.registry, parts.streams),
    ),
    vpn: () => {
      const read = vpnState.read();
      return read instanceof Promise ? read.then(toVpnAnswer) : toVpnAnswer(read);
    },
  };
}

async function readStatus(parts: AnswersParts): Promise<WireStatus> {
  const { registry, streams, breaker, provisioner, config } = parts;
  registry.assertAvailable();
  const state = await parts.vpnState.get();
  const connectivity = connectivityOf(state);
  const primary = primaryVpn(state);
  return toWireStatus({
    engines: registry.list(),
    streams: streams.counts(),
    vpn: {
      ...connectivity,
      health: primary?.health ?? 'unknown',
      container: primary?.name ?? null,
      forwarded_port: primary?.forwardedPort ?? null,
    },
    breaker: breaker.snapshot(),
    blocked: provisioner.findBlock(connectivity),
    limits: config,
    config: {
      auto_delete: config.autoDelete,
      grace_period_s: config.gracePeriodS,
      engine_variant: parts.runtime.variant,
      debug_mode: includesDebug(config.logLevel),
    },
    now: new Date(),
  });
}

/** Returns whether two values of the cache of answers say the same, apart from when they were made. */
export function isSameAnswer(loaded: unknown, former: unknown): boolean {
  const [a, b] = [loaded, former] as Partial<Answer<unknown> & VpnState>[];
  if (a?.etag !== undefined) return a.etag === b?.etag;
  return isDeepStrictEqual({ ...a, observedAt: 0 }, { ...b, observedAt: 0 });
}

/** Makes the body and the entity tag of an answer. */
export function toAnswer<T extends object>(value: T): Answer<T> {
  const body = JSON.stringify(value);
  const tagged = JSON.stringify(value, (name, field) => (TIME_FIELDS.has(name) ? undefined : field));
  return { body: Buffer.from(body).toString('latin1'), etag: weakEtag(tagged) };
}

/**
 * Answers for values that the domain caches itself. Every hit of a cache entry returns the same object, so
 * its answer is made once and lives as long as that object.
 */
function answersOf<T extends object, W extends object>(toWire: (value: T) => W) {
  const answers = new WeakMap<T, Answer<W>>();
  return (read: CacheRead<T>): CacheRead<Answer<W>> => {
    let answer = answers.get(read.value);
    if (!answer) {
      answer = toAnswer(toWire(read.value));
      answers.set(read.value, answer);
    }
    return { ...read, value: answer };
  };
}
