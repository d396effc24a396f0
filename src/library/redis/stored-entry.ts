import type { Freshness } from '../cache/index.ts';

/** A value in Redis. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  /** Age and remaining TTL of the value. */
  readonly freshness: Freshness;
}

/** An entry as it is stored in Redis. */
export interface StoredEntry {
  /** Generation of the namespace in which it was written. */
  readonly generation: string;
  /** When the source produced the value, in ms of the server's clock. */
  readonly producedAt: number;
  readonly lifetimeMs: number;
  /** Part of the reply, not a copy. */
  readonly bytes: Uint8Array;
}

/**
 * How far the time at which a value was produced may be ahead of the server's, in ms. Otherwise the clock of the server
 * has been set back, and the value would look fresh until that time comes again.
 */
export const MAX_AHEAD_MS = 1000;
/** Highest number of a change that is used. Lua writes those from 1e14 in another form. */
export const MAX_CHANGE_NUMBER = 90_000_000_000_000;

const LINE_FEED = 10;

/** Parses an entry as the scripts write it. @returns undefined for anything else */
export function parseEntry(entry: unknown): StoredEntry | undefined {
  if (!Buffer.isBuffer(entry)) return undefined;
  const end = entry.indexOf(LINE_FEED);
  const head = entry.toString('latin1', 0, Math.max(0, end));
  const first = head.indexOf(' ');
  const second = head.indexOf(' ', first + 1);
  if (first < 1 || second < first + 2 || second === head.length - 1) return undefined;
  const producedAt = Number(head.slice(first + 1, second));
  // NaN if there is a further space.
  const lifetimeMs = Number(head.slice(second + 1));
  if (Number.isNaN(producedAt) || Number.isNaN(lifetimeMs)) return undefined;
  return { generation: head.slice(0, first), producedAt, lifetimeMs, bytes: entry.subarray(end + 1) };
}

/** The value of an entry at a time of the server. @returns undefined if it has expired, or its age is unknown */
export function valueAt(entry: StoredEntry, serverMs: number): StoredValue | undefined {
  if (entry.producedAt > serverMs + MAX_AHEAD_MS) return undefined;
  const ageMs = Math.max(0, serverMs - entry.producedAt);
  if (!(ageMs < entry.lifetimeMs)) return undefined;
  const freshness = { ageS: ageMs / 1000, ttlS: (entry.lifetimeMs - ageMs) / 1000 };
  return { bytes: entry.bytes, freshness };
}

/** The state of a namespace. */
export interface NamespaceState {
  /** Number of the latest change. */
  readonly number: number;
  readonly generation: string;
}

/**
 * Creates a parser of the state of one namespace, which returns undefined for anything else. The state is the same for
 * most reads, and a comparison takes a tenth of the time of parsing it.
 */
export function createStateParser(): (text: unknown) => NamespaceState | undefined {
  let latestText: Buffer | undefined;
  let latest: NamespaceState | undefined;
  return (text) => {
    if (!Buffer.isBuffer(text)) return undefined;
    if (latestText === undefined || !text.equals(latestText)) {
      const [, number, generation] = /^(\d+) (\S+)$/.exec(String(text)) ?? [];
      const isUsable = generation !== undefined && Number(number) <= MAX_CHANGE_NUMBER;
      latest = isUsable ? { number: Number(number), generation } : undefined;
      // A copy: a reply may be part of a larger buffer.
      latestText = Buffer.from(text);
    }
    return latest;
  };
}
