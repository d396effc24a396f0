import type { ComponentChildren } from 'preact';
import { useNow, useService } from '../hooks.ts';
import { formatDuration } from '../lib/format.ts';
import type { Polled } from '../lib/poller.ts';

interface CardProps {
  title: string;
  /** What the card shows; where the last attempt to read it has failed, it is greyed, with its age. */
  from?: Polled<unknown>;
  /** At the end of the title's line. */
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}

export function Card({ title, from, aside, class: extra = '', children }: CardProps) {
  const old = from !== undefined && from.value !== null && (from.error !== null || from.stale);
  return (
    <section class={`card ${extra} ${old ? 'old' : ''}`} aria-label={title}>
      <header class="card-head">
        <h2>{title}</h2>
        {old && <AsOf from={from} />}
        {aside}
      </header>
      <div class="card-body">{children}</div>
    </section>
  );
}

/** Where figures are not of now: how old they are, and why on hover. */
export function AsOf({ from }: { from: Polled<unknown> }) {
  const { clock } = useService();
  useNow();
  if (from.madeAt === null) return null;
  const reason = from.error?.message ?? 'The source behind the service cannot be read';
  return (
    <span class="as-of" title={reason}>
      {formatDuration((clock.now() - from.madeAt) / 1000)} old
    </span>
  );
}

/** In place of what is not there: why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Before the first answer: the reason why there is none, or that it is on its way. */
export function Pending({ from }: { from: Polled<unknown> }) {
  return from.error ? (
    <Empty title="This cannot be read">
      <p>{from.error.message}</p>
    </Empty>
  ) : (
    <p class="pending">Reading …</p>
  );
}
