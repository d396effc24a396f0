/** Where a live playback is, in the engine's own words: all values are texts, times in seconds since the epoch. */
export interface LivePosition {
  pos: string | null;
  live_first: string | null;
  live_last: string | null;
  first_ts: string | null;
  last_ts: string | null;
  is_live: string | null;
  buffer_pieces: string | null;
}

/** Figures of a stream at one moment; null for what the engine did not tell. */
export interface StreamSample {
  /** Milliseconds since the epoch. */
  takenAt: number;
  peers: number | null;
  /** KB/s. */
  speedDown: number | null;
  /** KB/s. */
  speedUp: number | null;
  /** Bytes since the session began. */
  downloaded: number | null;
  /** Bytes since the session began. */
  uploaded: number | null;
  /** The engine's word for what the session does, such as `prebuf` or `dl`. */
  status: string | null;
  livePosition: LivePosition | null;
}

/** What is kept of a text; the engine's own are shorter by far. */
const MAX_TEXT_LENGTH = 64;

/** Reads the `response` of a stat_url. Engines leave fields out while a session begins. */
export function parseSample(response: object, takenAt: number): StreamSample {
  const facts = response as Record<string, unknown>;
  return {
    takenAt,
    peers: toCount(facts.peers),
    speedDown: toCount(facts.speed_down),
    speedUp: toCount(facts.speed_up),
    downloaded: toCount(facts.downloaded),
    uploaded: toCount(facts.uploaded),
    status: toText(facts.status),
    livePosition: parsePosition(facts.livepos),
  };
}

function parsePosition(value: unknown): LivePosition | null {
  if (typeof value !== 'object' || value === null) return null;
  const facts = value as Record<string, unknown>;
  return {
    pos: toText(facts.pos),
    live_first: toText(facts.live_first),
    live_last: toText(facts.live_last),
    first_ts: toText(facts.first_ts),
    last_ts: toText(facts.last_ts),
    is_live: toText(facts.is_live),
    buffer_pieces: toText(facts.buffer_pieces),
  };
}

function toCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function toText(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH) : null;
}
