import { ProblemError } from '../../lib/errors.ts';
import { t } from '../../lib/i18n.ts';
import type { Polled } from '../../lib/poller.ts';
import { EmptyState } from '../card.tsx';

/** Shown before the first response: that it is loading, or the error. A missing Chromium comes with the command. */
export function LoadState({ from: { error } }: { from: Polled<unknown> }) {
  if (!error) return <p class="pending">{t('Loading …')}</p>;
  const isUnavailable = hasCode(error, 'browser_unavailable');
  return (
    <EmptyState title={isUnavailable ? t('Chromium is not available') : t('Loading failed')}>
      <p>
        <WithCode text={error.message} />
      </p>
      {isUnavailable && (
        <p>{t('No restart is needed: this page shows the apps once Chromium is installed.')}</p>
      )}
    </EmptyState>
  );
}

/** Whether the service responded with this error code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof ProblemError && error.code === code;
}

/** A text whose parts between backticks are commands. */
function WithCode({ text }: { text: string }) {
  return (
    <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part))}</>
  );
}
