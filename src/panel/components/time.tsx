import { useNow } from '../hooks.ts';
import { formatDuration, formatTime, formatUtc } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';

/** Local time; the tooltip has it in UTC. */
export function Time({ at }: { at: number | string }) {
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatUtc(ms)}>
      {formatTime(ms, useNow())}
    </time>
  );
}

/** Time elapsed since a moment; the tooltip has the moment in UTC. */
export function Since({ at }: { at: number | string }) {
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  return (
    <time dateTime={new Date(ms).toISOString()} title={t('Since {time}', { time: formatUtc(ms) })}>
      {formatDuration((useNow() - ms) / 1000)}
    </time>
  );
}
