import { randomUUID } from 'node:crypto';
import { NOTIFY_LEVELS, type NotifyLevel } from '../config/notify-urls.ts';

/** What notifications are about. */
export const NOTIFICATION_TYPES = [
  'vpn',
  'runtime',
  'node',
  'agent',
  'redis',
  'circuit_breaker',
  'no_room',
  'engine_lost',
  'streams_lost',
  'leader',
  'app_failed',
  'app_version',
  'test',
] as const;

/** What a notification is about. */
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

/** A message to the operator, as it is sent to webhooks. */
export interface Notification {
  /** Unique. A repeated delivery has the same id. */
  readonly id: string;
  readonly type: NotificationType;
  readonly level: NotifyLevel;
  /** Whether it says that what an earlier notification reported is over. */
  readonly resolved: boolean;
  readonly title: string;
  readonly message: string;
  /** How many events it stands for. */
  readonly count: number;
  /** Host name of the orchestrator that sends it. */
  readonly host: string;
  /** RFC 3339, UTC. */
  readonly at: string;
}

/** What differs between notifications; the rest is added by {@link createNotification}. */
export type Draft = Pick<Notification, 'type' | 'level' | 'title' | 'message'> &
  Partial<Pick<Notification, 'resolved' | 'count'>>;

/** Completes a notification. @param at milliseconds since the epoch */
export function createNotification(draft: Draft, host: string, at: number): Notification {
  return { id: randomUUID(), resolved: false, count: 1, ...draft, host, at: new Date(at).toISOString() };
}

/** Whether a target with the level `least` receives notifications of a level. */
export function isAtLeast(level: NotifyLevel, least: NotifyLevel): boolean {
  return NOTIFY_LEVELS.indexOf(level) >= NOTIFY_LEVELS.indexOf(least);
}

/** A duration for people, such as `45 s`, `3 min` or `2 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
