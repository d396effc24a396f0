/**
 * `roundhouse/gateway`: a caching forward proxy for browsers, with one port on loopback for each browser session.
 *
 * @example
 * await using gateway = await openGateway();
 * const lane = await gateway.openLane({ rules: ['https://cdn.example/*'] });
 * const browser = await chromium.launch(gateway.launchOptions);
 * const context = await browser.newContext(lane.contextOptions);
 */
export type { KeptPage, KeptResource, ListOptions, RuleUsage } from './cache/kept-resources.ts';
export { MemoryResponseStore, type MemoryResponseStoreOptions } from './cache/memory-response-store.ts';
export type {
  ResponseStore,
  StoreEntry,
  StoreLease,
  StoreMetadata,
  StorePage,
  StoreUsage,
  StoreWriter,
} from './cache/store.ts';
export { GatewayError, type GatewayErrorCode } from './errors.ts';
export { type Gateway, type NamespaceStats, openGateway } from './gateway.ts';
export type { Explanation, LatestRequest } from './lane/explain.ts';
export type { Lane, LaneStats } from './lane/lane.ts';
export type { GatewayOptions, HostHandler, LaneMode, LaneOptions, RequestHeader } from './options.ts';
export { RedisResponseStore, type RedisResponseStoreOptions } from './redis-store/redis-response-store.ts';
export type { ResourceUse } from './resource-ranking.ts';
export type { Rule } from './rules/rule.ts';
export { WEB_PYTHON_RULES } from './rules/web-python.ts';
export type { BypassReason, Traffic, TrafficStats } from './traffic.ts';
export type { UpstreamTimeouts } from './upstream/upstream.ts';
