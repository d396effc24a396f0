import { formatCount, formatSpan } from '../lib/format.ts';
import { pollCosts, savings } from '../lib/poll-cost.ts';
import type { CacheStats } from '../lib/wire.ts';
import { Empty } from './card.tsx';

/** Measured, not reckoned: what reading the sources takes, and how seldom the cache lets it happen. */
export function PollCosts({ stats }: { stats: CacheStats }) {
  const saved = savings(stats);
  const costs = pollCosts(stats);
  if (saved === null) {
    return (
      <Empty title="Nothing has been measured yet">
        <p>Load times are known after the first reads.</p>
      </Empty>
    );
  }
  const most = Math.max(saved.withS, saved.withoutS);
  return (
    <>
      <dl class="compare">
        <Compared name="With the cache" seconds={saved.withS} most={most} kind="with" />
        <Compared name="Without it" seconds={saved.withoutS} most={most} kind="without" />
      </dl>
      <p class="hint">
        Time that the sources are kept busy per poll, on average: {formatCount(saved.reads)} polls were
        answered with {formatCount(saved.loads)} loads.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Keys</th>
            <th scope="col" class="number">
              One load takes
            </th>
            <th scope="col" class="number">
              Loads so far
            </th>
          </tr>
        </thead>
        <tbody>
          {costs.map(({ keyClass, withoutS, loads }) => (
            <tr key={keyClass}>
              <th scope="row" class="mono">
                {keyClass}
              </th>
              <td class="number">{formatSpan(withoutS)}</td>
              <td class="number">{formatCount(loads)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Compared({
  name,
  seconds,
  most,
  kind,
}: {
  name: string;
  seconds: number;
  most: number;
  kind: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <meter class={`cost ${kind}`} value={seconds} min={0} max={most} aria-label={name}>
          {formatSpan(seconds)}
        </meter>
        <span>{formatSpan(seconds)}</span>
      </dd>
    </div>
  );
}
