import type { Stream } from '../streams/streams.ts';

const KEY_TYPES = new Set<unknown>(['content_id', 'infohash', 'url', 'magnet']);

/** Encodes a started stream for Redis. */
export function encodeStream(stream: Stream): string {
  return JSON.stringify(stream);
}

/**
 * Decodes a started stream. Redis may contain records of other programs or versions.
 * @returns null for anything but a started stream
 */
export function decodeStream(text: string): Stream | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isStartedStream(value)) return null;
    // Earlier versions have no names.
    return { ...value, name: typeof value.name === 'string' ? value.name : null };
  } catch {
    return null;
  }
}

function isStartedStream(value: unknown): value is Stream {
  if (typeof value !== 'object' || value === null) return false;
  const stream = value as Record<keyof Stream, unknown>;
  const texts = [stream.id, stream.key, stream.playbackSessionId, stream.statUrl, stream.commandUrl];
  return (
    texts.every((text) => typeof text === 'string') &&
    KEY_TYPES.has(stream.keyType) &&
    (stream.engineId === null || typeof stream.engineId === 'string') &&
    typeof stream.isLive === 'boolean' &&
    isTime(stream.startedAt) &&
    stream.endedAt === null
  );
}

/** Whether a value is a time in milliseconds since the epoch that has a date. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}
