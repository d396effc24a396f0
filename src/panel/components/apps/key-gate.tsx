import type { ComponentChildren } from 'preact';
import { useClient, useStore } from '../../hooks.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { Card, EmptyState } from '../card.tsx';

/** Shows its children once there is an API key, and a request for the key until then. */
export function KeyGate({ children }: { children: ComponentChildren }) {
  const { apiKey } = useClient();
  const key = useStore(apiKey.key);
  const rejected = useStore(apiKey.rejected);
  if (key !== null) return <>{children}</>;
  return (
    <Card title={TEXTS.nav.label}>
      <h1 class="hidden">{TEXTS.nav.label}</h1>
      <EmptyState title={TEXTS.key.title}>
        {rejected && (
          <p class="error" role="alert">
            {TEXTS.key.rejected}
          </p>
        )}
        <p>{TEXTS.key.why}</p>
        <button type="button" class="primary" onClick={() => void apiKey.promptForKey()}>
          {TEXTS.key.enter}
        </button>
      </EmptyState>
    </Card>
  );
}
