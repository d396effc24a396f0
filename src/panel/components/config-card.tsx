import { useEffect, useState } from 'preact/hooks';
import { useClient, useStore } from '../hooks.ts';
import { errorMessage } from '../lib/errors.ts';
import { t } from '../lib/i18n.ts';
import type { Reply } from '../lib/wire.ts';
import { Card, EmptyState } from './card.tsx';

type Setting = Reply<'GET /config'>['settings'][number];
type Change = (name: string, value: string | null) => Promise<void>;

const SOURCES: Record<Setting['source'], string> = {
  default: 'default',
  environment: 'environment',
  file: '.env',
  override: 'changed here',
};

/** Every setting of the service with its value and source. Some can be changed without a restart. */
export function ConfigCard() {
  const { api, apiKey } = useClient();
  const loggedIn = useStore(apiKey.loggedIn);
  const [settings, setSettings] = useState<Setting[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const load = async () => {
    try {
      const reading = await apiKey.withKey(() => api.read('GET /config', {}, null));
      if (reading && !reading.notModified) setSettings(reading.value.settings);
      setError(null);
    } catch (cause) {
      setError(errorMessage(cause));
    }
  };
  const change: Change = async (name, value) => {
    try {
      const body = { settings: { [name]: value } };
      const reply = await apiKey.withKey(() => api.write('PATCH /config', { body }));
      if (reply) setSettings(reply.settings);
      setError(null);
    } catch (cause) {
      setError(errorMessage(cause));
    }
  };
  useEffect(() => {
    if (loggedIn) void load();
  }, [loggedIn]);
  if (settings === null) {
    return (
      <Card title={t('Service')}>
        <EmptyState title={error ?? 'The settings of the service need the API key'} />
      </Card>
    );
  }
  return (
    <Card title={t('Service')}>
      <p class="muted">
        {t(
          'These settings take effect at once and take precedence over the environment. The others are set by environment variables or in the file .env, and need a restart.',
        )}
      </p>
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <SettingTable settings={settings.filter(({ changeable }) => changeable)} change={change} />
      <details>
        <summary>{t('All other settings')}</summary>
        <SettingTable settings={settings.filter(({ changeable }) => !changeable)} />
      </details>
    </Card>
  );
}

function SettingTable({ settings, change }: { settings: Setting[]; change?: Change }) {
  return (
    <div class="scroller">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('Setting')}</th>
            <th scope="col">{t('Value')}</th>
            <th scope="col">{t('Source')}</th>
          </tr>
        </thead>
        <tbody>
          {settings.map((setting) => (
            <tr key={setting.name}>
              <th scope="row" title={setting.description}>
                {setting.name}
              </th>
              <td>
                {change ? (
                  <Value key={setting.value} setting={setting} change={change} />
                ) : (
                  <span class="mono">{setting.value}</span>
                )}
              </td>
              <td>
                {SOURCES[setting.source]}
                {setting.replaced !== null && ` (instead of ${setting.replaced})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The value of a setting, which can be changed and reset. A masked one has to be entered as a whole. */
function Value({ setting, change }: { setting: Setting; change: Change }) {
  const { name, value, unit, secret, source } = setting;
  const shown = secret ? '' : value;
  const [text, setText] = useState(shown);
  return (
    <form
      class="actions"
      onSubmit={(event) => {
        event.preventDefault();
        void change(name, text);
      }}
    >
      <input
        aria-label={`${name} (${unit})`}
        placeholder={secret ? value : unit}
        autoComplete="off"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      {text !== shown && <button type="submit">{t('Save')}</button>}
      {source === 'override' && (
        <button type="button" onClick={() => void change(name, null)}>
          {t('Reset')}
        </button>
      )}
    </form>
  );
}
