import { type Clock, createSystemClock } from '../../library/cache/index.ts';
import { RedisLink } from '../../library/redis/index.ts';
import type { Config } from '../config/config.ts';
import { recordEvents } from '../event-log/connect.ts';
import { EventLog } from '../event-log/event-log.ts';
import type { LogLine } from '../event-log/records.ts';
import { ChangeFeed } from '../events/change-feed.ts';
import { EventBus } from '../events/events.ts';
import { connectInvalidation } from '../events/invalidation.ts';
import { Metrics } from '../metrics/metrics.ts';
import { createServiceCaches } from './caches.ts';
import type { Dependencies } from './dependencies.ts';

/** Change notices remembered for clients that come back after a moment. */
const REMEMBERED_NOTICES = 1000;

export type Infrastructure = ReturnType<typeof createInfrastructure>;

/** What everything else rests on: time, events, the cache that they make stale, and what is remembered. */
export function createInfrastructure(config: Config, dependencies: Dependencies) {
  const { logger: log } = dependencies;
  const clock: Clock = dependencies.clock ?? createSystemClock();
  const metrics = dependencies.metrics ?? new Metrics(clock);
  const bus = new EventBus();
  const link = createLink(config, dependencies, clock);
  const caches = createServiceCaches(config, { clock, metrics, log, link });
  // First of all listeners: whoever hears of an event may read at once.
  connectInvalidation(bus, caches.stats);
  connectInvalidation(bus, caches.results);
  const notices = new ChangeFeed(bus, REMEMBERED_NOTICES);
  bus.subscribe((event) => log.debug(event, 'event'));
  const onLog = ({ level, message }: LogLine) => log[level](message);
  const eventLog = new EventLog({
    dataDir: config.dataDir,
    maxEvents: config.historyMaxEvents,
    maxAgeS: config.historyMaxAgeS,
    onLog,
  });
  recordEvents(bus, eventLog);
  return { log, clock, metrics, bus, link, caches, notices, onLog, eventLog };
}

/** The way to Redis; null where none is named, or where no other orchestrator could share anything. */
function createLink(config: Config, { runtime, logger }: Dependencies, clock: Clock): RedisLink | null {
  if (config.redisUrl === null) return null;
  if (!runtime.isShared) {
    logger.warn(
      'REDIS_URL is left out of account: engines that run as local processes are shared with nobody',
    );
    return null;
  }
  return new RedisLink({
    url: config.redisUrl,
    prefix: config.redisPrefix,
    commandTimeoutMs: config.redisTimeoutS * 1000,
    connectTimeoutMs: config.redisConnectTimeoutS * 1000,
    clock,
    onLost: (err) => logger.warn({ err }, 'Redis is away: answers are read directly, and nobody leads'),
  });
}
