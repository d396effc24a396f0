import { useClient, usePolled } from '../hooks.ts';
import { formatCount } from '../lib/format.ts';
import { summarizeStatus } from '../lib/status-summary.ts';
import { DataAge, Loading } from './card.tsx';
import { EngineSlots } from './engine-slots.tsx';

/** Overall state in words and numbers, and one slot per engine. */
export function StatusCard() {
  const { resources } = useClient();
  const status = usePolled(resources.status);
  const engines = usePolled(resources.engines);
  if (status.value === null) {
    return (
      <section class="card status-card" aria-label="Status">
        <Loading from={status} />
      </section>
    );
  }
  const { tone, title, detail } = summarizeStatus(status.value);
  const { engines: counts, capacity } = status.value;
  const stale = status.error !== null || status.stale;
  return (
    <section class={`card status-card ${stale ? 'stale' : ''}`} aria-label="Status">
      <div class="status-text">
        <p class={`status-title tone-${tone}`}>
          <span class="dot" />
          {title}
          {stale && <DataAge from={status} />}
        </p>
        <p class="status-detail">{detail}</p>
      </div>
      <dl class="status-counts">
        {[
          ['Running', counts.running],
          ['Healthy', counts.healthy],
          ['In use', capacity.used],
          ['Available', capacity.available],
        ].map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatCount(Number(count))}</dd>
          </div>
        ))}
      </dl>
      <div class="status-slots">
        <EngineSlots engines={engines.value ?? []} status={status.value} />
      </div>
    </section>
  );
}
