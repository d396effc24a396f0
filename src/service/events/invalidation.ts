import type { LoadingCache } from '../../library/cache/index.ts';
import type { DomainEvent, EventBus } from './events.ts';

const ENGINES = ['engines:*', 'stats:*', 'orchestrator:status'] as const;
const EVERYTHING = ['*'] as const;

/**
 * Which event makes which cached answers out of date, as globs over cache keys. The type makes an event
 * without a row an error; nothing else in the project invalidates.
 */
export const INVALIDATED_KEYS: Readonly<Record<DomainEvent['type'], readonly string[]>> = {
  engine_started: ENGINES,
  engine_stopped: ENGINES,
  engine_changed: ['engines:*', 'orchestrator:status'],
  // While the runtime was away, anything may have changed.
  runtime_connected: EVERYTHING,
  runtime_disconnected: [...ENGINES, 'vpn:status'],
  vpn_changed: ['vpn:*', 'orchestrator:status'],
  vpn_emergency: ['vpn:*', 'orchestrator:status'],
  vpn_restarted: ['vpn:*', 'orchestrator:status'],
  breaker_changed: ['orchestrator:status'],
  stream_started: ['engines:*', 'orchestrator:status'],
  stream_ended: ['engines:*', 'orchestrator:status'],
  // Who acts is no part of any answer.
  leadership_changed: [],
  streams_restored: ['engines:*', 'orchestrator:status'],
};

/** Invalidates what an event makes out of date, before any later listener hears of the event. */
export function connectInvalidation(bus: EventBus, cache: Pick<LoadingCache, 'invalidate'>): () => void {
  return bus.subscribe((event) => {
    for (const pattern of INVALIDATED_KEYS[event.type]) cache.invalidate(pattern);
  });
}
