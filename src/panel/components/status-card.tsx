import type { ComponentChild } from 'preact';
import { useClient, usePolled, useProblems } from '../hooks.ts';
import { formatCount } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Problem } from '../lib/problems.ts';
import { countEngines, type StatusSummary, summarizeStatus } from '../lib/status-summary.ts';
import type { Status } from '../lib/wire.ts';
import { DataAge, Loading } from './card.tsx';
import { EngineSlots } from './engine-slots.tsx';
import { ProblemDetail, ProblemList } from './problem-list.tsx';

/** Overall state in words and numbers: the worst problem, the others, and one slot per engine. */
export function StatusCard() {
  const { resources } = useClient();
  const status = usePolled(resources.status);
  const engines = usePolled(resources.engines);
  const problems = useProblems();
  if (status.value === null && problems.length === 0) {
    return (
      <section class="card status-card" aria-label={t('Status')}>
        <Loading from={status} />
      </section>
    );
  }
  const stale = status.value !== null && (status.error !== null || status.stale);
  return (
    <section class={`card status-card ${stale ? 'stale' : ''}`} aria-label={t('Status')}>
      <Headline status={status.value} problems={problems} age={stale && <DataAge from={status} />} />
      {status.value && (
        <>
          <Counts status={status.value} />
          <div class="status-slots">
            <EngineSlots engines={engines.value ?? []} status={status.value} />
          </div>
        </>
      )}
    </section>
  );
}

function Headline({
  status,
  problems: [worst, ...others],
  age,
}: {
  status: Status | null;
  problems: readonly Problem[];
  age: ComponentChild;
}) {
  const { tone, title, detail } = summaryOf(status, worst);
  return (
    <div class="status-text">
      <p class={`status-title tone-${tone}`} role="status">
        <span class="dot" />
        {title}
        {age}
      </p>
      {worst && <ProblemDetail problem={worst} />}
      {detail !== '' && <p class="status-detail">{detail}</p>}
      {others.length > 0 && <ProblemList problems={others} />}
    </div>
  );
}

function summaryOf(status: Status | null, worst: Problem | undefined): StatusSummary {
  if (!worst) return status ? summarizeStatus(status) : { tone: 'idle', title: '', detail: '' };
  const { tone, title } = worst;
  return { tone, title, detail: status ? countEngines(status) : '' };
}

function Counts({ status: { engines, capacity } }: { status: Status }) {
  return (
    <dl class="status-counts">
      {[
        [t('Running'), engines.running],
        [t('Healthy'), engines.healthy],
        [t('In use'), capacity.used],
        [t('Available'), capacity.available],
      ].map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{formatCount(Number(count))}</dd>
        </div>
      ))}
    </dl>
  );
}
