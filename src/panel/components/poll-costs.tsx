import { formatCount, formatSpan } from '../lib/format.ts';
import { pollCosts, waiting } from '../lib/poll-cost.ts';
import type { CacheStats } from '../lib/wire.ts';
import { Bar } from './bar.tsx';
import { Empty } from './card.tsx';

/** From measured load times: what reading the sources takes, and how seldom anybody waits for it. */
export function PollCosts({ stats }: { stats: CacheStats }) {
  const saved = waiting(stats);
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
        What a poll waits, on average: {formatCount(saved.waited)} of {formatCount(saved.polls)} waited for a
        load. There were {formatCount(saved.loads)} loads; those in the background keep nobody waiting.
      </p>
      <div class="scroller">
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
      </div>
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
        <Bar class={`cost ${kind}`} value={seconds} most={most} />
        <span>{formatSpan(seconds)}</span>
      </dd>
    </div>
  );
}
