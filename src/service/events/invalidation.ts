import type { LoadingCache } from '../../library/cache/index.ts';
import type { DomainEvent, EventBus } from './events.ts';

const ENGINES = ['engines:*', 'nodes:*', 'stats:*', 'orchestrator:status'] as const;
const EVERYTHING = ['*'] as const;

/**
 * The cache keys that each event invalidates, as globs. The type requires a row for every event. Nothing else
 * in the service invalidates cached answers.
 */
export const INVALIDATED_KEYS: Readonly<Record<DomainEvent['type'], readonly string[]>> = {
  engine_started: ENGINES,
  engine_stopped: ENGINES,
  engine_changed: ['engines:*', 'orchestrator:status'],
  node_changed: ['nodes:*', 'stats:*'],
  // No cached answer contains it.
  managers_changed: [],
  // Anything may have changed while the runtime was disconnected.
  runtime_connected: EVERYTHING,
  runtime_disconnected: [...ENGINES, 'vpn:status'],
  vpn_changed: ['vpn:*', 'orchestrator:status'],
  vpn_emergency: ['vpn:*', 'orchestrator:status'],
  vpn_restarted: ['vpn:*', 'orchestrator:status'],
  breaker_changed: ['orchestrator:status'],
  stream_started: ['engines:*', 'nodes:*', 'orchestrator:status'],
  stream_ended: ['engines:*', 'nodes:*', 'orchestrator:status'],
  // No answer contains the leader.
  leadership_changed: [],
  // It contains the limits.
  settings_changed: ['orchestrator:status'],
  streams_restored: ['engines:*', 'nodes:*', 'orchestrator:status'],
  app_installed: ['apps:*'],
  app_uninstalled: ['apps:*', 'browser:*'],
  app_cache_cleared: ['apps:*'],
  app_warmed: ['apps:*'],
  profile_changed: ['profiles:*'],
  // Its profile is saved when it ends.
  session_changed: ['apps:*', 'browser:*', 'profiles:*'],
};

/**
 * Invalidates the keys of each event. Subscribe it first, so that listeners called later do not read
 * outdated answers.
 * @returns a function that ends the subscription
 */
export function connectInvalidation(bus: EventBus, cache: Pick<LoadingCache, 'invalidate'>): () => void {
  return bus.subscribe((event) => {
    for (const pattern of INVALIDATED_KEYS[event.type]) cache.invalidate(pattern);
  });
}
