import type { ComponentChildren } from 'preact';
import { useClient, useStore } from '../../hooks.ts';
import { t } from '../../lib/i18n.ts';
import { Card, EmptyState } from '../card.tsx';

/** Shows its children to a user who is logged in, and a button to log in to others. */
export function KeyGate({ children }: { children: ComponentChildren }) {
  const { apiKey } = useClient();
  const loggedIn = useStore(apiKey.loggedIn);
  if (loggedIn) return <>{children}</>;
  return (
    <Card title={t('Browser apps')}>
      <h1 class="hidden">{t('Browser apps')}</h1>
      {loggedIn === null ? (
        <p class="pending">{t('Loading …')}</p>
      ) : (
        <EmptyState title={t('Browser apps need the API key')}>
          <p>{t('Screenshots, logs and URLs of apps are private, so reading them requires the API key.')}</p>
          <button type="button" class="primary" onClick={() => void apiKey.promptForKey()}>
            {t('Enter the API key')}
          </button>
        </EmptyState>
      )}
    </Card>
  );
}
