import { useState } from 'preact/hooks';
import { LoginFields } from '../components/login-fields.tsx';
import { useClient } from '../hooks.ts';
import { loginErrorText } from '../lib/api-key-login.ts';
import { t } from '../lib/i18n.ts';

/** Shown in place of every page while reads require the API key. */
export function LoginPage() {
  const { apiKey } = useClient();
  const [credentials, setCredentials] = useState({ key: '', remember: false });
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const logIn = async () => {
    setBusy(true);
    await apiKey.logIn(credentials).catch((cause) => setError(loginErrorText(cause)));
    setBusy(false);
  };
  return (
    <section class="card login" aria-label={t('Log in')}>
      <form
        class="card-body"
        onSubmit={(event) => {
          event.preventDefault();
          void logIn();
        }}
      >
        <h1>{t('Log in')}</h1>
        <LoginFields credentials={credentials} error={error} onChange={setCredentials} />
        <button type="submit" class="primary" disabled={busy || credentials.key === ''}>
          {t('Log in')}
        </button>
      </form>
    </section>
  );
}
