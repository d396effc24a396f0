import { formatCount, formatLatency } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { loadTimes, readLatency } from '../lib/read-latency.ts';
import type { CacheStats } from '../lib/wire.ts';
import { Bar } from './bar.tsx';
import { EmptyState } from './card.tsx';

/** Average read latency with the cache and without it, and the measured load times. */
export function ReadLatencyTable({ stats }: { stats: CacheStats }) {
  const latency = readLatency(stats);
  if (latency === null) {
    return (
      <EmptyState title={t('No measurements yet')}>
        <p>{t('Load times are available after the first reads.')}</p>
      </EmptyState>
    );
  }
  const { withCacheS, withoutCacheS, waited, reads, loads } = latency;
  const maxS = Math.max(withCacheS, withoutCacheS);
  return (
    <>
      <dl class="compare">
        <LatencyBar name={t('With cache')} seconds={withCacheS} maxS={maxS} kind="with" />
        <LatencyBar name={t('Without cache')} seconds={withoutCacheS} maxS={maxS} kind="without" />
      </dl>
      <p class="hint">
        {t(
          '{waited} of {reads} reads waited for a load. There were {loads} loads; background loads do not delay reads.',
          {
            waited: formatCount(waited),
            reads: formatCount(reads),
            loads: formatCount(loads),
          },
        )}
      </p>
      <div class="scroller">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('Keys')}</th>
              <th scope="col" class="number">
                {t('Mean load time')}
              </th>
              <th scope="col" class="number">
                {t('Loads')}
              </th>
            </tr>
          </thead>
          <tbody>
            {loadTimes(stats).map(({ keyClass, meanS, loads }) => (
              <tr key={keyClass}>
                <th scope="row" class="mono">
                  {keyClass}
                </th>
                <td class="number">{formatLatency(meanS)}</td>
                <td class="number">{formatCount(loads)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface LatencyBarProps {
  name: string;
  seconds: number;
  maxS: number;
  kind: 'with' | 'without';
}

function LatencyBar({ name, seconds, maxS, kind }: LatencyBarProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Bar class={`latency ${kind}`} value={seconds} max={maxS} />
        <span>{formatLatency(seconds)}</span>
      </dd>
    </div>
  );
}
