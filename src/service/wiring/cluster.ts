import { ALONE, Election, type Leadership } from '../cluster/leadership.ts';
import { RedisReservations } from '../cluster/reservations.ts';
import { StreamExchange } from '../cluster/stream-exchange.ts';
import type { Config } from '../config/config.ts';
import { NO_RESERVATIONS, type Reservations } from '../engines/reservations.ts';
import type { Streams } from '../streams/streams.ts';
import type { Infrastructure } from './infrastructure.ts';

/** What this orchestrator shares with others over the same engines. */
export interface Cluster {
  /** Whether this orchestrator is the one that acts. Without Redis, it always is. */
  readonly leadership: Leadership;
  /** Ports and places of engines that are being started. */
  readonly reservations: Reservations;
  /** Whether the streams of all orchestrators are known here. */
  hasAllStreams(): boolean;
  /**
   * Reads from memory since when Redis is away, in milliseconds since the epoch, and the leadership. Null without
   * Redis.
   */
  readonly state: (() => { redisConnected: boolean; redisAwaySince: number | null; leading: boolean }) | null;
  /** Joins the others. */
  start(): void;
  /** Leaves the others: another orchestrator can lead at once. */
  close(): Promise<void>;
}

/** Shares leadership and streams over Redis, if Redis is configured. */
export function createCluster(config: Config, streams: Streams, { bus, link, log }: Infrastructure): Cluster {
  if (!link) {
    return {
      leadership: ALONE,
      reservations: NO_RESERVATIONS,
      hasAllStreams: () => true,
      state: null,
      start: () => {},
      close: async () => {},
    };
  }
  const onError = (err: unknown) => log.debug({ err }, 'Redis command failed');
  const election = new Election({ link, bus, leaseS: config.leaderLeaseS, onError });
  let awaySince: number | null = link.state === 'connected' ? null : Date.now();
  link.onConnected(() => {
    awaySince = null;
  });
  link.onDisconnected(() => {
    awaySince = Date.now();
  });
  const exchange = new StreamExchange({ link, bus, streams, onError });
  return {
    leadership: election,
    reservations: new RedisReservations(link, onError),
    hasAllStreams: () => exchange.isComplete,
    state: () => ({
      redisConnected: link.state === 'connected',
      redisAwaySince: awaySince,
      leading: election.leading,
    }),
    start() {
      exchange.start();
      election.start();
    },
    async close() {
      exchange.close();
      await election[Symbol.asyncDispose]();
    },
  };
}
