import { useFeed, useService } from '../hooks.ts';
import { formatCount } from '../lib/format.ts';
import { describeStatus } from '../lib/status-words.ts';
import { AsOf, Pending } from './card.tsx';
import { Stalls } from './stalls.tsx';

/** How the whole is, in words, and its engines in their stalls. */
export function Hero() {
  const { feeds } = useService();
  const status = useFeed(feeds.status);
  const engines = useFeed(feeds.engines);
  if (status.value === null) {
    return (
      <section class="card hero" aria-label="Status">
        <Pending from={status} />
      </section>
    );
  }
  const { tone, title, reason } = describeStatus(status.value);
  const { engines: counts, capacity } = status.value;
  const old = status.error !== null || status.stale;
  return (
    <section class={`card hero ${old ? 'old' : ''}`} aria-label="Status">
      <div class="hero-words">
        <p class={`hero-title tone-${tone}`}>
          <span class="dot" />
          {title}
          {old && <AsOf from={status} />}
        </p>
        <p class="hero-reason">{reason}</p>
      </div>
      <dl class="hero-counts">
        {[
          ['Running', counts.running],
          ['Healthy', counts.healthy],
          ['Playing', capacity.used],
          ['Free', capacity.available],
        ].map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatCount(Number(count))}</dd>
          </div>
        ))}
      </dl>
      <div class="hero-stalls">
        <Stalls engines={engines.value ?? []} status={status.value} />
      </div>
    </section>
  );
}
