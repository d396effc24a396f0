import { formatCount, formatRate } from '../lib/format.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine, Stream } from '../lib/wire.ts';
import { Since } from './time.tsx';

interface StreamTableProps {
  streams: readonly Stream[];
  /** For their names; without them the column is left out. */
  engines?: readonly Engine[];
}

export function StreamTable({ streams, engines }: StreamTableProps) {
  const names = new Map(engines?.map(({ container_id, container_name }) => [container_id, container_name]));
  return (
    <div class="scroller">
      <table>
        <thead>
          <tr>
            <th scope="col">Stream</th>
            {engines && <th scope="col">Engine</th>}
            <th scope="col" class="number">
              Down
            </th>
            <th scope="col" class="number">
              Up
            </th>
            <th scope="col" class="number">
              Peers
            </th>
            <th scope="col" class="number">
              For
            </th>
          </tr>
        </thead>
        <tbody>
          {streams.map(({ id, key, key_type, container_id, speed_down, speed_up, peers, started_at }) => (
            <tr key={id}>
              <td class="mono clip" title={`${key_type} ${key}`}>
                {key}
              </td>
              {engines && (
                <td class="clip">
                  {container_id !== null && names.has(container_id) ? (
                    <a href={engineHref(container_id)}>{names.get(container_id)}</a>
                  ) : (
                    'unknown'
                  )}
                </td>
              )}
              <td class="number">{formatRate(kilobytes(speed_down))}</td>
              <td class="number">{formatRate(kilobytes(speed_up))}</td>
              <td class="number">{formatCount(peers)}</td>
              <td class="number">
                <Since at={started_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Engines tell speeds in KB/s. */
function kilobytes(speed: number | null): number | null {
  return speed === null ? null : speed * 1000;
}
