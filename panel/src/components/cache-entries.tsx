import { useNow, useService } from '../hooks.ts';
import { formatBytes } from '../lib/format.ts';
import type { Polled } from '../lib/poller.ts';
import type { CacheEntry } from '../lib/wire.ts';

interface CacheEntriesProps {
  polled: Polled<unknown>;
  entries: readonly CacheEntry[];
}

/** Each entry with how much of its time is left; it goes on between two polls. */
export function CacheEntries({ polled, entries }: CacheEntriesProps) {
  const { clock } = useService();
  useNow();
  const laterS = polled.madeAt === null ? 0 : (clock.now() - polled.madeAt) / 1000;
  return (
    <div class="scroller">
      <table class="entries">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col" class="number">
              Age
            </th>
            <th scope="col">Time left</th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ key, age, ttl_remaining, bytes }) => {
            const left = Math.max(0, ttl_remaining - laterS);
            return (
              <tr key={key}>
                <th scope="row" class="mono clip" title={key}>
                  {key}
                </th>
                <td class="number">{(age + laterS).toFixed(1)} s</td>
                <td>
                  <meter
                    class="ttl"
                    value={left}
                    min={0}
                    max={age + ttl_remaining}
                    aria-label={`Time left of ${key}`}
                  >
                    {left.toFixed(1)} s
                  </meter>
                  <span class="number">{left === 0 ? 'expired' : `${left.toFixed(1)} s`}</span>
                </td>
                <td class="number">{formatBytes(bytes)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
