import type { ComponentChildren } from 'preact';
import { useClient, useNow } from '../hooks.ts';
import { formatDuration } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Polled } from '../lib/poller.ts';

interface CardProps {
  title: string;
  /** The resource that the card shows. If its latest request failed or it is stale, the card is greyed and shows its age. */
  from?: Polled<unknown>;
  /** Shown beside the title. */
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}

/** A titled section of a page. */
export function Card({ title, from, aside, class: extra = '', children }: CardProps) {
  const stale = from !== undefined && from.value !== null && (from.error !== null || from.stale);
  return (
    <section class={`card ${extra} ${stale ? 'stale' : ''}`} aria-label={title}>
      <header class="card-head">
        <h2>{title}</h2>
        {stale && <DataAge from={from} />}
        {aside}
      </header>
      <div class="card-body">{children}</div>
    </section>
  );
}

/** Age of data that is not current; the tooltip says why. */
export function DataAge({ from }: { from: Polled<unknown> }) {
  const { clock } = useClient();
  useNow();
  if (from.generatedAt === null) return null;
  const reason = from.error?.message ?? t('The service cannot read its source');
  return (
    <span class="data-age" title={reason}>
      {t('{age} old', { age: formatDuration((clock.now() - from.generatedAt) / 1000) })}
    </span>
  );
}

/** Shown where a list is empty: why, and what to do next. */
export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Shown before the first response: the error, or that it is loading. */
export function Loading({ from }: { from: Polled<unknown> }) {
  return from.error ? (
    <EmptyState title={t('Loading failed')}>
      <p>{from.error.message}</p>
    </EmptyState>
  ) : (
    <p class="pending">{t('Loading …')}</p>
  );
}
