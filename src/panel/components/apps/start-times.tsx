import { TEXTS } from '../../lib/apps/texts.ts';
import { formatLatency, plural } from '../../lib/format.ts';
import type { AppCache } from '../../lib/wire.ts';
import { Bar } from '../bar.tsx';
import { EmptyState } from '../card.tsx';

const T = TEXTS.cache;

/** Mean durations of cold and warm starts, side by side. */
export function StartTimes({ starts: { cold, warm } }: Pick<AppCache, 'starts'>) {
  if (cold.count + warm.count === 0) {
    return (
      <EmptyState title={T.noStarts}>
        <p>{T.noStartsHint}</p>
      </EmptyState>
    );
  }
  const maxS = Math.max(cold.mean_seconds ?? 0, warm.mean_seconds ?? 0);
  const rows = [
    { name: T.cold, kind: 'without', seconds: cold.mean_seconds },
    { name: T.warm, kind: 'with', seconds: warm.mean_seconds },
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
      <p class="hint">{T.startsHint(plural(cold.count, 'cold start'), plural(warm.count, 'warm start'))}</p>
    </>
  );
}
