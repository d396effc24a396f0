import { formatCount, formatRate } from '../lib/format.ts';
import { engineHref } from '../lib/router.ts';
import type { Engine, Stream } from '../lib/wire.ts';
import { Since } from './time.tsx';

interface StreamTableProps {
  streams: readonly Stream[];
  /** Engines to look up names in. Without them, there is no engine column. */
  engines?: readonly Engine[];
}

/** Active streams. */
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
              Download
            </th>
            <th scope="col" class="number">
              Upload
            </th>
            <th scope="col" class="number">
              Peers
            </th>
            <th scope="col" class="number">
              Duration
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
                    'Unknown'
                  )}
                </td>
              )}
              <td class="number">{formatRate(bytesPerS(speed_down))}</td>
              <td class="number">{formatRate(bytesPerS(speed_up))}</td>
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

/** Engines report speeds in KB/s. */
function bytesPerS(speed: number | null): number | null {
  return speed === null ? null : speed * 1000;
}
