import { formatLatency, plural } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { AppCache } from '../../lib/wire.ts';
import { Bar } from '../bar.tsx';
import { EmptyState } from '../card.tsx';

/** Mean durations of cold and warm starts, side by side. */
export function StartTimes({ starts: { cold, warm } }: Pick<AppCache, 'starts'>) {
  if (cold.count + warm.count === 0) {
    return (
      <EmptyState title={t('No starts yet')}>
        <p>{t('Start the app twice to compare a cold and a warm start.')}</p>
      </EmptyState>
    );
  }
  const maxS = Math.max(cold.mean_seconds ?? 0, warm.mean_seconds ?? 0);
  const rows = [
    { name: t('Cold'), kind: 'without', seconds: cold.mean_seconds },
    { name: t('Warm'), kind: 'with', seconds: warm.mean_seconds },
  ];
  return (
    <>
      <dl class="compare">
        {rows.map(({ name, kind, seconds }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Bar class={`latency ${kind}`} value={seconds ?? 0} max={maxS} />
              <span>{formatLatency(seconds)}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        {t(
          'Means of {cold} and {warm}. A start is warm if all responses that the rules select came from the cache.',
          { cold: plural(cold.count, 'cold start'), warm: plural(warm.count, 'warm start') },
        )}
      </p>
    </>
  );
}
