import type { Credentials } from '../lib/api-key-login.ts';
import { t } from '../lib/i18n.ts';

interface LoginFieldsProps {
  credentials: Credentials;
  /** Why the last attempt failed, or null. */
  error: string | null;
  onChange: (credentials: Credentials) => void;
}

/** The fields of a login. */
export function LoginFields({ credentials, error, onChange }: LoginFieldsProps) {
  return (
    <>
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <label class="field">
        <span>{t('API key')}</span>
        <input
          type="password"
          autoComplete="current-password"
          spellcheck={false}
          value={credentials.key}
          onInput={({ currentTarget }) => onChange({ ...credentials, key: currentTarget.value.trim() })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={credentials.remember}
          onChange={({ currentTarget }) => onChange({ ...credentials, remember: currentTarget.checked })}
        />
        <span>{t('Remember me for 30 days')}</span>
      </label>
      <p class="hint">
        {t(
          'The service prints the key when it starts, and stores it in the file api-key in its data directory.',
        )}{' '}
        {t('The panel exchanges it for a cookie and does not keep it.')}
      </p>
    </>
  );
}
