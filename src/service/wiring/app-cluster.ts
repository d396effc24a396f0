import type { AddressInfo } from 'node:net';
import { RedisLink } from '../../library/redis/index.ts';
import type { BrowserApps } from '../browser/browser-apps.ts';
import { AppCluster } from '../browser/cluster/app-cluster.ts';
import { ownAddress } from '../browser/cluster/network.ts';
import type { Config } from '../config/config.ts';
import type { Infrastructure } from './infrastructure.ts';

/** Apps contain files of up to 32 MB. They must not delay the answers on the other link. */
const COMMAND_TIMEOUT_MS = 10_000;

/** Shares browser apps with other orchestrators, if Redis is configured. */
export function createAppCluster(
  config: Config,
  apiKey: string,
  parts: { browserApps: BrowserApps; readAddress: () => AddressInfo | string | null },
  { bus, clock, log }: Infrastructure,
): AppCluster | null {
  if (config.redisUrl === null) return null;
  const { browserApps, readAddress } = parts;
  const link = new RedisLink({
    url: config.redisUrl,
    prefix: config.redisPrefix,
    commandTimeoutMs: Math.max(COMMAND_TIMEOUT_MS, config.redisTimeoutS * 1000),
    connectTimeoutMs: config.redisConnectTimeoutS * 1000,
    clock,
    onLost: (err) => log.warn({ err }, 'Redis connection lost: browser apps are not shared'),
  });
  const appCluster = new AppCluster({
    ...{ link, bus, apiKey },
    host: browserApps,
    dataDir: config.dataDir,
    readAddress: () => ownAddress(config.clusterUrl, readAddress()),
    onError: (err, what) => log.warn({ err }, what),
  });
  browserApps.join(appCluster);
  return appCluster;
}
