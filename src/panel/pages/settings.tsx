import { useEffect, useState } from 'preact/hooks';
import { Card, EmptyState } from '../components/card.tsx';
import { ConfigCard } from '../components/config-card.tsx';
import { EngineParameters } from '../components/engine-parameters.tsx';
import { EngineTemplates } from '../components/engine-templates.tsx';
import { NotificationsCard } from '../components/notifications-card.tsx';
import { useClient, useStore } from '../hooks.ts';
import { errorMessage } from '../lib/errors.ts';
import { t } from '../lib/i18n.ts';
import type { EngineSettings } from '../lib/wire.ts';

const PLATFORMS = ['amd64', 'arm32', 'arm64'] as const;
const ARM_VERSIONS = ['3.2.13', '3.2.14'] as const;

/** Settings of engines, their templates, and the replacement of all engines. All of it needs the API key. */
export function SettingsPage() {
  const { api, apiKey, operations } = useClient();
  const loggedIn = useStore(apiKey.loggedIn);
  const [settings, setSettings] = useState<EngineSettings | null>(null);
  const [error, setError] = useState<string | null>(null);
  const load = async () => {
    try {
      const reading = await apiKey.withKey(() => api.read('GET /custom-variant/config', {}, null));
      if (reading && !reading.notModified) setSettings(reading.value);
      setError(null);
    } catch (cause) {
      setError(errorMessage(cause));
    }
  };
  useEffect(() => {
    if (loggedIn) void load();
  }, [loggedIn]);
  return (
    <>
      <div class="section-head page-head">
        <h1>{t('Engine settings')}</h1>
        {settings && (
          <div class="actions">
            <button type="button" class="primary" onClick={() => void operations.saveSettings(settings)}>
              {t('Save')}
            </button>
            <button type="button" onClick={() => void operations.replaceEngines()}>
              {t('Replace all engines')}
            </button>
          </div>
        )}
      </div>
      {settings === null ? (
        <Card title={t('Settings')}>
          <EmptyState title={error ?? t('The settings need the API key')}>
            <button type="button" onClick={() => void load()}>
              {error === null ? t('Enter the API key') : t('Try again')}
            </button>
          </EmptyState>
        </Card>
      ) : (
        <>
          <Card title={t('Engine')}>
            <General settings={settings} onChange={setSettings} />
          </Card>
          <Card title={t('Parameters')}>
            <EngineParameters settings={settings} onChange={setSettings} />
          </Card>
          <Card title={t('Templates')}>
            <EngineTemplates settings={settings} onActivated={load} />
          </Card>
        </>
      )}
      <ConfigCard />
      <NotificationsCard />
    </>
  );
}

interface SettingsProps {
  settings: EngineSettings;
  onChange: (settings: EngineSettings) => void;
}

function General({ settings, onChange }: SettingsProps) {
  const change = (part: Partial<EngineSettings>) => onChange({ ...settings, ...part });
  return (
    <>
      <p class="muted">
        {t(
          'New engines use these settings instead of ENGINE_VARIANT while they are in use. Replace all engines to apply them to those that run: idle engines first, one at a time, and no stream ends.',
        )}
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={settings.enabled}
          onChange={({ currentTarget }) => change({ enabled: currentTarget.checked })}
        />
        <span>{t('Use these settings')}</span>
      </label>
      <label class="field">
        <span>{t('Platform')}</span>
        <select
          value={settings.platform}
          onChange={({ currentTarget }) =>
            change({ platform: currentTarget.value as EngineSettings['platform'] })
          }
        >
          {PLATFORMS.map((platform) => (
            <option key={platform}>{platform}</option>
          ))}
        </select>
      </label>
      {settings.platform !== 'amd64' && (
        <label class="field">
          <span>{t('Version for ARM')}</span>
          <select
            value={settings.arm_version}
            onChange={({ currentTarget }) =>
              change({ arm_version: currentTarget.value as EngineSettings['arm_version'] })
            }
          >
            {ARM_VERSIONS.map((version) => (
              <option key={version}>{version}</option>
            ))}
          </select>
        </label>
      )}
      <label class="field">
        <span>{t('Memory limit (optional)')}</span>
        <input
          placeholder={t('such as 512m or 2g')}
          value={settings.memory_limit ?? ''}
          onInput={({ currentTarget }) => change({ memory_limit: currentTarget.value.trim() || null })}
        />
      </label>
    </>
  );
}
