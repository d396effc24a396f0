import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NamespaceStats } from '../../library/gateway/index.ts';
import { BrowserApps } from '../browser/browser-apps.ts';
import type { StoreLocation } from '../browser/cache/response-stores.ts';
import { deniedHosts } from '../browser/denied-hosts.ts';
import type { Config } from '../config/config.ts';
import { configuredVpns } from '../config/vpns.ts';
import { AppSeries, type AppTotals } from '../time-series/app-series.ts';
import type { Infrastructure } from './infrastructure.ts';

/**
 * Creates the browser apps. Nothing is loaded before one of them starts.
 * @param readAddress returns the address at which the service listens
 */
export function createBrowserApps(
  config: Config,
  { bus, clock, log }: Infrastructure,
  readAddress: () => AddressInfo | string | null,
): BrowserApps {
  const readDenied = () => {
    const address = readAddress();
    const ownPort = typeof address === 'object' && address ? address.port : config.port;
    const { first, last } = config.portRange;
    const enginePorts = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const vpns = configuredVpns(config);
    const addresses = [
      ...(config.dockerSocket?.split(',') ?? []),
      ...config.swarmAgents,
      config.redisUrl,
      ...vpns.flatMap(({ containerName, controlUrl }) => [
        `${containerName}:${config.gluetunApiPort}`,
        controlUrl,
      ]),
    ];
    return deniedHosts({
      ports: [ownPort, ...enginePorts, ...(vpns.length > 0 ? [config.gluetunApiPort] : [])],
      addresses: addresses.filter((each) => each !== null && each !== undefined),
    });
  };
  return new BrowserApps({
    dataDir: config.dataDir,
    bus,
    clock,
    launch: {
      chromiumPath: config.chromiumPath,
      allowNoSandbox: config.browserAllowNoSandbox,
      artifactsDir: join(config.dataDir, 'browser-artifacts'),
      clock,
      onNoSandbox: () =>
        log.warn('Chromium runs without its sandbox, because it does not work on this machine'),
    },
    gateway: {
      location: cacheLocation(config),
      maxBytes: config.browserCacheMaxBytes,
      readDenied,
      onError: (err) => log.warn({ err }, 'the cache of browser apps failed'),
    },
    lanes: {
      allowHosts: config.browserAllowHosts,
      cacheTtlS: config.browserCacheTtlS,
      pyodideUrl: config.pyodideUrl,
    },
    maxSessions: config.browserMaxSessions,
    queueTimeoutS: config.browserQueueTimeoutS,
    allowExecute: config.browserExecute,
    onError: (err, what) => log.warn({ err }, what),
  });
}

function cacheLocation(config: Config): StoreLocation {
  // The configuration requires REDIS_URL with it.
  if (config.browserCacheStore === 'redis')
    return {
      kind: 'redis',
      url: config.redisUrl!,
      prefix: config.redisPrefix,
      connectTimeoutMs: config.redisConnectTimeoutS * 1000,
    };
  return {
    kind: 'disk',
    dir: join(config.dataDir, 'browser-cache'),
    totalMaxBytes: config.browserCacheTotalMaxBytes,
  };
}

/** Creates the series of the apps' traffic. */
export function createAppSeries(
  { historySampleIntervalS: intervalS }: Config,
  browserApps: BrowserApps,
  { clock }: Pick<Infrastructure, 'clock'>,
): AppSeries {
  const readTotals = () =>
    new Map([...browserApps.traffic()].map(([namespace, traffic]) => [namespace, toTotals(traffic)]));
  return new AppSeries({ clock, now: Date.now, intervalS, readTotals });
}

function toTotals(traffic: NamespaceStats): AppTotals {
  return {
    hits: traffic.hits,
    misses: traffic.misses,
    bypasses: traffic.bypasses,
    bytes_to_browser: traffic.bytesToBrowser,
    bytes_from_upstream: traffic.bytesFromUpstream,
    bytes_saved: traffic.bytesSaved,
  };
}
