import { cacheKey, type Load } from '../../library/cache/index.ts';
import { weakEtag } from '../../library/util/etag.ts';
import type { Config } from '../config/config.ts';
import type { VpnStatus } from '../vpn/status.ts';
import type { WireStats, WireTotalStats } from './views/stats.ts';
import type { WireStatus } from './views/status.ts';
import type { WireEngine } from './views.ts';

/** A value with the bytes and the validator that its replies carry, made once when it is loaded. */
export interface Answer<T> {
  readonly value: T;
  /**
   * JSON in UTF-8, one character a byte ("binary string"). Node sends head and body of such a string in one
   * piece, where a Buffer costs it a gathering write of two.
   */
  readonly body: string;
  readonly etag: string;
}

/** What a cached route answers with: its key, how long it is fresh, and how it is read. */
export interface CachedRead<T> {
  readonly key: string;
  readonly ttlS: number;
  readonly load: Load<Answer<T>>;
}

/** The reads of the domain that are answered from the cache. */
export interface Sources {
  engines(): WireEngine[];
  statsAll(signal: AbortSignal): Promise<Record<string, WireStats>>;
  statsTotal(signal: AbortSignal): Promise<WireTotalStats>;
  statsOf(id: string, signal: AbortSignal): Promise<WireStats>;
  status(): Promise<WireStatus>;
  vpn(signal: AbortSignal): Promise<VpnStatus>;
}

export interface Answers {
  readonly engines: CachedRead<WireEngine[]>;
  readonly statsAll: CachedRead<Record<string, WireStats>>;
  readonly statsTotal: CachedRead<WireTotalStats>;
  statsOf(id: string): CachedRead<WireStats>;
  readonly status: CachedRead<WireStatus>;
  readonly vpn: CachedRead<VpnStatus>;
}

/** Fields that say when an answer was made, which alone do not make it another answer. */
const MOMENTS = new Set(['timestamp', 'last_check', 'last_check_at']);

/** Every cached answer: one key each, which is what the invalidation table speaks of. */
export function createAnswers(sources: Sources, config: Config): Answers {
  const statsTtlS = config.cacheTtlStatsTotalS;
  const statusTtlS = config.cacheTtlOrchestratorStatusS;
  return {
    engines: cached('engines:list', statusTtlS, () => sources.engines()),
    statsAll: cached('stats:all', statsTtlS, (signal) => sources.statsAll(signal)),
    statsTotal: cached('stats:total', statsTtlS, (signal) => sources.statsTotal(signal)),
    statsOf: (id) =>
      cached(cacheKey('stats', 'engine', id), statsTtlS, (signal) => sources.statsOf(id, signal)),
    status: cached('orchestrator:status', statusTtlS, () => sources.status()),
    vpn: cached('vpn:status', config.cacheTtlVpnStatusS, (signal) => sources.vpn(signal)),
  };
}

function cached<T>(key: string, ttlS: number, read: (signal: AbortSignal) => T | Promise<T>): CachedRead<T> {
  return { key, ttlS, load: async (signal) => toAnswer(await read(signal)) };
}

function toAnswer<T>(value: T): Answer<T> {
  const body = JSON.stringify(value);
  const meaning = JSON.stringify(value, (name, part) => (MOMENTS.has(name) ? undefined : part));
  return { value, body: Buffer.from(body).toString('latin1'), etag: weakEtag(meaning) };
}
