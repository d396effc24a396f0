import type { Stream } from '../streams/streams.ts';

export const CATEGORIES = ['engine', 'vpn', 'stream', 'runtime', 'provisioning'] as const;
export type Category = (typeof CATEGORIES)[number];

/** What an event says, before it is given its place in the log. */
export interface Description {
  category: Category;
  containerId: string | null;
  streamId: string | null;
  /** In words, for a reader of the log. */
  message: string;
  details: Record<string, string | number | boolean | null>;
}

/**
 * A line of the event log. `time` is milliseconds since the epoch. `id` grows with time, and is never below
 * `time` × 1000, so that the newest have the greatest; it is known before the line is written, so that one
 * sent twice is kept once.
 */
export interface EventRecord extends Description {
  id: number;
  time: number;
  type: string;
}

/** One thing to be kept: a line of the log, or a stream as it is now. */
export type Change = { event: EventRecord } | { stream: Stream };

/** Every condition that is there must hold. `since`: milliseconds since the epoch. */
export interface EventFilter {
  type?: string;
  category?: Category;
  containerId?: string;
  streamId?: string;
  since?: number;
}

export interface EventQuery extends EventFilter {
  limit: number;
  offset: number;
}

/** The log in figures. Times are milliseconds since the epoch, null where it is empty. */
export interface EventCounts {
  total: number;
  byType: Record<string, number>;
  byCategory: Record<string, number>;
  oldest: number | null;
  newest: number | null;
}

/** How the history is kept: in its file, or in memory for as long as the file cannot be written. */
export interface Keeping {
  store: 'file' | 'memory';
  /** Why it is not in its file; null where it is. */
  fault: string | null;
}

/** Something that the operator should hear of. */
export interface Report {
  level: 'info' | 'warn';
  message: string;
}
