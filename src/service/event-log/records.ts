import type { Stream } from '../streams/streams.ts';

/** What events are about. */
export const EVENT_TYPES = ['engine', 'stream', 'vpn', 'health', 'system', 'app'] as const;

/** What an event is about. */
export type EventType = (typeof EVENT_TYPES)[number];

/** What has happened, in the events that this version records. */
export type Category =
  | 'created'
  | 'deleted'
  | 'deleting'
  | 'started'
  | 'ended'
  | 'restored'
  | 'paused'
  | 'resumed'
  | 'connected'
  | 'disconnected'
  | 'restarted'
  | 'installed'
  | 'uninstalled'
  | 'cache_cleared'
  | 'warmed'
  | 'starting'
  | 'stopping'
  | 'completed'
  | 'recovered'
  | 'failed'
  | 'warning'
  | 'forwarded'
  | 'circuit_breaker'
  | 'settings'
  | 'leadership';

/** An event without its identity and time. */
export interface EventDescription {
  type: EventType;
  category: Category;
  /** Engine that the event concerns, if any. */
  containerId: string | null;
  /** Stream that the event concerns, if any. */
  streamId: string | null;
  /** A sentence for people. */
  message: string;
  /** The remaining fields of the domain event. */
  details: Record<string, string | number | boolean | null>;
}

/** An entry of the event log. */
export interface EventRecord extends EventDescription {
  /**
   * Grows with time and is at least `time` × 1000. Assigned before the event is sent to the worker, so that an
   * event sent twice is stored once.
   */
  id: number;
  /** Milliseconds since the epoch. */
  time: number;
}

/** One change to store: a new event, or the current state of a stream. */
export type Change = { event: EventRecord } | { stream: Stream };

/** Conditions on events. An event must meet all of those given. */
export interface EventFilter {
  type?: EventType;
  category?: string;
  containerId?: string;
  streamId?: string;
  /** Earliest time, inclusive, in milliseconds since the epoch. */
  since?: number;
  /** Latest time, exclusive, in milliseconds since the epoch. */
  until?: number;
  /** Only events with a smaller id. */
  beforeId?: number;
  /** Text that the message or an id contains, whatever its case. */
  text?: string;
}

/** One page of the events that match a filter. */
export interface EventQuery extends EventFilter {
  limit: number;
  /** Number of matching events to skip. */
  offset: number;
}

/** Numbers of stored events. */
export interface EventCounts {
  total: number;
  /** Types without events may be missing. */
  byType: Record<string, number>;
  byCategory: Record<string, number>;
  /** Time of the oldest event in milliseconds since the epoch, or null if there are no events. */
  oldest: number | null;
  /** Time of the newest event in milliseconds since the epoch, or null if there are no events. */
  newest: number | null;
}

/** Where the event log is stored. */
export interface StorageState {
  /** `memory` while the file cannot be written, and until its contents have been moved to the file. */
  store: 'file' | 'memory';
  /** Why the file cannot be written, or null if it can. */
  error: string | null;
}

/** A message for the operator, to be written to the service's log. */
export interface LogLine {
  level: 'info' | 'warn';
  message: string;
}
