import { formatBytes } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { CacheEntry } from '../lib/wire.ts';
import { Bar } from './bar.tsx';

/** Cache entries with their remaining time to live when the statistics were read. */
export function CacheEntries({ entries }: { entries: readonly CacheEntry[] }) {
  return (
    <div class="scroller">
      <table class="entries">
        <thead>
          <tr>
            <th scope="col">{t('Key')}</th>
            <th scope="col" class="number">
              {t('Age')}
            </th>
            <th scope="col">{t('TTL remaining')}</th>
            <th scope="col" class="number">
              {t('Size')}
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ key, age, ttl_remaining: left, bytes }) => (
            <tr key={key}>
              <th scope="row" class="mono clip" title={key}>
                {key}
              </th>
              <td class="number">{age.toFixed(1)} s</td>
              <td>
                <Bar class="ttl" value={left} max={age + left} />
                <span class="number">{left.toFixed(1)} s</span>
              </td>
              <td class="number">{formatBytes(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
