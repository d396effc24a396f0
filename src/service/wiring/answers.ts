import { type Answers, createAnswers } from '../api/answers.ts';
import { toWireStats, toWireStatsById, toWireTotalStats } from '../api/views/stats.ts';
import { toWireStatus } from '../api/views/status.ts';
import type { EngineViews } from '../api/views.ts';
import type { Config } from '../config/config.ts';
import type { Provisioner } from '../engines/provisioner.ts';
import type { EngineRuntime } from '../engines/runtime.ts';
import type { Streams } from '../streams/streams.ts';
import type { VpnFleet } from '../vpn/fleet.ts';
import type { VpnStatus } from '../vpn/status.ts';
import type { Engines } from './engines.ts';

/** What is answered from the cache, and how each of it is read where the cache has none. */
export function createDomainAnswers(
  config: Config,
  parts: {
    runtime: EngineRuntime;
    engines: Engines;
    views: EngineViews;
    streams: Streams;
    provisioner: Provisioner;
    fleet: VpnFleet;
    readVpn: () => Promise<VpnStatus>;
  },
): Answers {
  const { runtime, views, streams, provisioner, fleet } = parts;
  const { registry, stats, breakers } = parts.engines;
  const readStatus = async () => {
    registry.assertAvailable();
    const { enabled, connected, health, container, forwarded_port } = await parts.readVpn();
    return toWireStatus({
      engines: registry.list(),
      streams: streams.counts(),
      vpn: { enabled, connected, health, container, forwarded_port },
      breaker: breakers.general.snapshot(),
      blocked: provisioner.findBlock({ enabled, connected }),
      limits: config,
      config: {
        auto_delete: config.autoDelete,
        grace_period_s: config.gracePeriodS,
        engine_variant: runtime.variant,
        debug_mode: config.logLevel === 'debug' || config.logLevel === 'trace',
      },
      now: new Date(),
    });
  };
  return createAnswers(
    {
      engines: () => views.list(),
      statsAll: async (signal) => toWireStatsById(await stats.all(signal)),
      statsTotal: async (signal) => toWireTotalStats(await stats.total(signal)),
      statsOf: async (id, signal) => toWireStats(await stats.one(id, signal)),
      status: readStatus,
      vpn: (signal) => fleet.readStatus(signal),
    },
    config,
  );
}
