import { useNow } from '../hooks.ts';
import { formatDuration, formatTime, formatUtc } from '../lib/format.ts';

/** A moment, where the reader is; in UTC on hover. */
export function Time({ at }: { at: number | string }) {
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatUtc(ms)}>
      {formatTime(ms, useNow())}
    </time>
  );
}

/** How long ago a moment was; the moment itself on hover. */
export function Since({ at }: { at: number | string }) {
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  return (
    <time dateTime={new Date(ms).toISOString()} title={`since ${formatUtc(ms)}`}>
      {formatDuration((useNow() - ms) / 1000)}
    </time>
  );
}
