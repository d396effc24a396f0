import { hitRate } from '../../lib/apps/figures.ts';
import { formatBytes, formatCount, formatPercent } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { AppCache } from '../../lib/wire.ts';

/** What the cache of an app has done. */
export function CacheFigures({ cache }: { cache: AppCache }) {
  const tiles: [text: readonly [name: string, description: string], value: string][] = [
    [
      [t('Hit rate'), t('Share of requests answered from the cache, without bypasses')],
      formatPercent(hitRate(cache)),
    ],
    [[t('Hits'), t('Responses from the cache')], formatCount(cache.hits)],
    [[t('Misses'), t('Requests for which nothing was stored')], formatCount(cache.misses)],
    [
      [t('Bypasses'), t('Requests that were passed on without looking for a stored response')],
      formatCount(cache.bypasses),
    ],
    [[t('Served'), t('Bodies sent to sessions')], formatBytes(cache.bytes_to_browser)],
    [[t('From upstream'), t('Bodies received from servers')], formatBytes(cache.bytes_from_upstream)],
    [[t('Saved'), t('Bodies sent to sessions from the cache')], formatBytes(cache.bytes_saved)],
    [[t('Stored'), t('Bodies in the cache now')], formatBytes(cache.total_size_bytes)],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([[name, description], value]) => (
        <div key={name} title={description}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
