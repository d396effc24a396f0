/** Position of a live playback, as the engine reports it: all values are strings, times are epoch seconds. */
export interface LivePosition {
  pos: string | null;
  live_first: string | null;
  live_last: string | null;
  first_ts: string | null;
  last_ts: string | null;
  is_live: string | null;
  buffer_pieces: string | null;
}

/** One raw reading of a stream. Values that the engine did not report are null. */
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
  /** The engine's name for the state of the session, such as `prebuf` or `dl`. */
  status: string | null;
  livePosition: LivePosition | null;
}

/** Longer strings are truncated. The engine's own are far shorter. */
const MAX_TEXT_LENGTH = 64;

/** Parses the `response` of a stat_url. Engines omit some fields while a session starts. */
export function parseSample(response: object, takenAt: number): StreamSample {
  const fields = response as Record<string, unknown>;
  return {
    takenAt,
    peers: toCount(fields.peers),
    speedDown: toCount(fields.speed_down),
    speedUp: toCount(fields.speed_up),
    downloaded: toCount(fields.downloaded),
    uploaded: toCount(fields.uploaded),
    status: toText(fields.status),
    livePosition: parsePosition(fields.livepos),
  };
}

function parsePosition(value: unknown): LivePosition | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  return {
    pos: toText(fields.pos),
    live_first: toText(fields.live_first),
    live_last: toText(fields.live_last),
    first_ts: toText(fields.first_ts),
    last_ts: toText(fields.last_ts),
    is_live: toText(fields.is_live),
    buffer_pieces: toText(fields.buffer_pieces),
  };
}

function toCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function toText(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH) : null;
}
