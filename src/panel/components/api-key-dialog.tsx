import { useState } from 'preact/hooks';
import { useClient, useStore } from '../hooks.ts';
import type { KeyPrompt } from '../lib/api-key-login.ts';
import { t } from '../lib/i18n.ts';
import { Dialog } from './dialog.tsx';
import { LoginFields } from './login-fields.tsx';

/** Prompts for the API key while a request needs it. */
export function ApiKeyDialog() {
  const prompt = useStore(useClient().apiKey.prompt);
  return prompt && <Prompt {...prompt} />;
}

function Prompt({ error, answer }: KeyPrompt) {
  const [credentials, setCredentials] = useState({ key: '', remember: false });
  return (
    <Dialog
      title={t('API key required')}
      action={t('Continue')}
      disabled={credentials.key === ''}
      onAction={() => answer(credentials)}
      onClose={() => answer(null)}
    >
      <LoginFields credentials={credentials} error={error} onChange={setCredentials} />
    </Dialog>
  );
}
