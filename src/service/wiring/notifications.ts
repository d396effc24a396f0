import { hostname } from 'node:os';
import { NotificationsExchange } from '../cluster/notifications-exchange.ts';
import type { Config } from '../config/config.ts';
import type { BreakerState } from '../engines/breaker.ts';
import type { Condition } from '../notifications/conditions.ts';
import { deliver } from '../notifications/delivery.ts';
import { Notifications } from '../notifications/notifications.ts';
import type { NamedObservation } from '../vpn/observation.ts';
import type { Cluster } from './cluster.ts';
import type { Engines } from './engines.ts';
import type { Infrastructure } from './infrastructure.ts';
import { NodeConditions } from './node-conditions.ts';
import type { Playback } from './playback.ts';
import type { Vpns } from './vpns.ts';

/** After a start, connections and checks take a while. */
const START_GRACE_MS = 30_000;
/** Connections that are lost are usually restored within a moment. */
const RECONNECT_MS = 5000;
/** Engines that are being replaced fill the last places for a moment. */
const NO_ROOM_MS = 15_000;

/** What notifications are about. */
export interface NotificationsParts {
  engines: Engines;
  playback: Playback;
  vpns: Vpns;
  cluster: Cluster;
}

/** Creates the notifications. Nothing is sent before they are started. */
export function createNotifications(
  config: Config,
  { engines, playback, vpns, cluster }: NotificationsParts,
  { bus, clock, link, log }: Infrastructure,
): Notifications {
  const { registry, runtime, breakers } = engines;
  const { streams } = playback;
  const startedAt = clock.now();
  const engineNames = new Map<string, string>();
  const onError = (err: unknown) => log.debug({ err }, 'Redis command failed');
  const exchange = link && new NotificationsExchange(link, onError);
  bus.subscribe((event) => {
    if (event.type === 'engine_started')
      engineNames.set(event.engineId, registry.get(event.engineId)?.name ?? event.engineId.slice(0, 12));
    if (exchange && event.type === 'engine_changed' && event.change === 'deleting' && event.deleting)
      exchange.announceDeletion(event.engineId);
    // After the notifications have read the name.
    if (event.type === 'engine_stopped') queueMicrotask(() => engineNames.delete(event.engineId));
  });
  /** A failure right after the start counts only if it lasts. */
  const known = (failing: boolean) => (failing && clock.now() - startedAt < START_GRACE_MS ? null : failing);
  const nodeConditions = new NodeConditions();
  const conditions = (): Condition[] => [
    runtimeCondition(known(!registry.available || Boolean(runtime.managerOutage)), runtime.name === 'swarm'),
    ...nodeConditions.of(runtime.nodes?.() ?? [], known),
    ...vpns.fleet.observations.map((vpn) => vpnCondition(vpn, known(!vpn.connected))),
    breakerCondition('general', breakers.general.state),
    breakerCondition('replacement', breakers.replacement.state),
    {
      key: 'no_room',
      type: 'no_room',
      level: 'warning',
      isShared: true,
      failing: registry.size >= config.maxReplicas && streams.counts().engineIds.size >= registry.size,
      afterMs: NO_ROOM_MS,
      failed: {
        title: 'No engine is free',
        message: `All ${registry.size} engines have streams, and MAX_REPLICAS is ${config.maxReplicas}. New streams have to wait.`,
      },
      recovered: 'An engine is free again',
    },
  ];
  const state = cluster.state;
  return new Notifications({
    bus,
    clock,
    now: Date.now,
    dataDir: config.dataDir,
    targets: config.notifyUrls,
    quietS: () => config.notifyQuietS,
    conditions: () => [...conditions(), ...(state ? [redisCondition(known(!state().redisConnected))] : [])],
    names: {
      engine: (id) => engineNames.get(id) ?? id.slice(0, 12),
      stream: (id) => streams.get(id)?.key.slice(0, 60) ?? id.slice(0, 60),
      host: hostname(),
    },
    role: () => ({
      leads: cluster.leadership.leading,
      redisConnected: state ? state().redisConnected : null,
    }),
    shared: exchange,
    post: (target, notification, signal) => deliver(target, notification, { clock, signal }),
    onError: (message) => log.warn(message),
  });
}

function runtimeCondition(failing: boolean | null, isSwarm: boolean): Condition {
  const what = isSwarm ? 'A manager of the Swarm' : 'Docker';
  return {
    key: 'runtime',
    type: 'runtime',
    level: 'error',
    isShared: true,
    failing,
    afterMs: RECONNECT_MS,
    failed: isSwarm
      ? {
          title: 'No manager of the Swarm is responding',
          message:
            'Engines cannot be started or removed. Check that most of the managers run, and that DOCKER_HOST lists them.',
        }
      : {
          title: 'Docker is not responding',
          message: 'Engines cannot be observed, started or removed. Check the Docker daemon and DOCKER_HOST.',
        },
    recovered: `${what} responds again`,
  };
}

function vpnCondition({ name, state }: NamedObservation, failing: boolean | null): Condition {
  const causes: Record<string, string> = {
    not_found: 'Its container does not exist.',
    stopped: 'Its container does not run.',
  };
  return {
    key: `vpn:${name}`,
    type: 'vpn',
    level: 'error',
    isShared: true,
    failing,
    afterMs: 0,
    failed: {
      title: `VPN ${name} is down`,
      message: `${causes[state] ?? 'It is not connected.'} Engines that use it have no network. \`docker logs ${name}\` says why.`,
    },
    recovered: `VPN ${name} is connected again`,
  };
}

function breakerCondition(name: 'general' | 'replacement', state: BreakerState): Condition {
  const what = name === 'general' ? 'New engines are' : 'The replacement of unhealthy engines is';
  return {
    key: `breaker:${name}`,
    type: 'circuit_breaker',
    level: 'error',
    // Each orchestrator has its own.
    isShared: false,
    failing: state !== 'closed',
    afterMs: 0,
    failed: {
      title: `${what} paused after repeated failures`,
      message: `The circuit breaker (${name}) is open. The events and the logs of the engines say why they fail.`,
    },
    recovered: `${what} no longer paused`,
  };
}

function redisCondition(failing: boolean | null): Condition {
  return {
    key: 'redis',
    type: 'redis',
    level: 'error',
    isShared: true,
    failing,
    afterMs: RECONNECT_MS,
    failed: {
      title: 'Redis is not responding',
      message:
        'No orchestrator leads: engines are not scaled or replaced, and VPNs are not restarted. Check REDIS_URL.',
    },
    recovered: 'Redis responds again',
  };
}
