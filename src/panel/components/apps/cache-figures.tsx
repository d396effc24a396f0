import { hitRate } from '../../lib/apps/figures.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, formatPercent } from '../../lib/format.ts';
import type { AppCache } from '../../lib/wire.ts';

const T = TEXTS.cache;

/** What the cache of an app has done. */
export function CacheFigures({ cache }: { cache: AppCache }) {
  const tiles: [text: readonly [name: string, description: string], value: string][] = [
    [T.hitRate, formatPercent(hitRate(cache))],
    [T.hits, formatCount(cache.hits)],
    [T.misses, formatCount(cache.misses)],
    [T.bypasses, formatCount(cache.bypasses)],
    [T.served, formatBytes(cache.bytes_to_browser)],
    [T.upstream, formatBytes(cache.bytes_from_upstream)],
    [T.saved, formatBytes(cache.bytes_saved)],
    [T.stored, formatBytes(cache.total_size_bytes)],
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
