import { type Clock, createSystemClock } from '../../library/cache/index.ts';
import { RedisLink } from '../../library/redis/index.ts';
import type { Config } from '../config/config.ts';
import { recordEvents } from '../event-log/connect.ts';
import { describeEvent } from '../event-log/describe.ts';
import { EventLog } from '../event-log/event-log.ts';
import type { LogLine } from '../event-log/records.ts';
import { SubjectNames } from '../event-log/subject-names.ts';
import { ChangeFeed } from '../events/change-feed.ts';
import { EventBus } from '../events/events.ts';
import { connectInvalidation } from '../events/invalidation.ts';
import { Metrics } from '../metrics/metrics.ts';
import { createServiceCaches } from './caches.ts';
import type { Dependencies } from './dependencies.ts';

/** How many notices are kept for live clients that reconnect. */
const MAX_NOTICES = 1000;

/** Everything that the domain is built on: clock, log, events, caches, metrics, the event log and Redis. */
export type Infrastructure = ReturnType<typeof createInfrastructure>;

/** Creates the infrastructure. */
export function createInfrastructure(config: Config, dependencies: Dependencies) {
  const { logger: log } = dependencies;
  const clock: Clock = dependencies.clock ?? createSystemClock();
  const metrics = dependencies.metrics ?? new Metrics(clock);
  const bus = new EventBus();
  const link = createLink(config, dependencies, clock);
  const caches = createServiceCaches(config, {
    clock,
    metrics,
    log,
    link,
    version: dependencies.version,
  });
  // Before all other listeners: a listener may read from the cache in response to the event.
  connectInvalidation(bus, caches.stats);
  connectInvalidation(bus, caches.results);
  const notices = new ChangeFeed(bus, MAX_NOTICES);
  bus.subscribe((event) => log.info(event, describeEvent(event).message));
  const onLog = ({ level, message }: LogLine) => log[level](message);
  const eventLog = new EventLog({
    dataDir: config.dataDir,
    maxEvents: config.historyMaxEvents,
    maxAgeS: config.historyMaxAgeS,
    onLog,
  });
  const names = new SubjectNames();
  recordEvents(bus, eventLog, names);
  return { log, clock, metrics, bus, link, caches, notices, onLog, eventLog, names };
}

/** @returns null without REDIS_URL, and where no other orchestrator can have the same engines */
function createLink(config: Config, { runtime, logger }: Dependencies, clock: Clock): RedisLink | null {
  if (config.redisUrl === null) return null;
  if (!runtime.isShared) {
    logger.warn('local engines cannot be shared: REDIS_URL is used for browser apps only');
    return null;
  }
  return new RedisLink({
    url: config.redisUrl,
    prefix: config.redisPrefix,
    commandTimeoutMs: config.redisTimeoutS * 1000,
    connectTimeoutMs: config.redisConnectTimeoutS * 1000,
    clock,
    onLost: (err) =>
      logger.warn({ err }, 'Redis connection lost: answers are not shared, and no orchestrator leads'),
  });
}
