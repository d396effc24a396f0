import { useState } from 'preact/hooks';
import { useClient } from '../../hooks.ts';
import { NOT_STORED_TEXTS } from '../../lib/apps/texts.ts';
import { errorMessage } from '../../lib/errors.ts';
import { t } from '../../lib/i18n.ts';
import type { CacheExplanation } from '../../lib/wire.ts';
import { Card } from '../card.tsx';
import { Property, PropertyList } from '../property-list.tsx';

/** Shows which rule applies to a URL, and what became of its latest request. */
export function ExplainCard({ path }: { path: { workspace: string; app: string } }) {
  const { api } = useClient();
  const [url, setUrl] = useState('');
  const [explanation, setExplanation] = useState<CacheExplanation | null>(null);
  const [error, setError] = useState<string | null>(null);
  const explain = async () => {
    setExplanation(null);
    setError(null);
    try {
      const input = { path, query: { url } };
      const reading = await api.read('GET /apps/{workspace}/{app}/cache/explain', input, null);
      if (!reading.notModified) setExplanation(reading.value);
    } catch (cause) {
      setError(errorMessage(cause));
    }
  };
  return (
    <Card title={t('Explain a URL')}>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void explain();
        }}
      >
        <label class="field">
          <span>{t('URL')}</span>
          <input
            type="url"
            spellcheck={false}
            value={url}
            onInput={({ currentTarget }) => setUrl(currentTarget.value.trim())}
          />
        </label>
        <button type="submit" disabled={url === ''}>
          {t('Explain')}
        </button>
      </form>
      <div aria-live="polite">
        {error !== null && <p class="error">{error}</p>}
        {explanation && <Result {...explanation} />}
      </div>
    </Card>
  );
}

function Result({ rule, excluded, blocked, mode, latest }: CacheExplanation) {
  return (
    <PropertyList>
      <Property name={t('Rule')}>
        {blocked ? (
          t('Refused by block of the manifest')
        ) : excluded ? (
          t('Excluded by a rule with !')
        ) : rule === null ? (
          t('None: the response is not stored')
        ) : (
          <code>{rule}</code>
        )}
      </Property>
      <Property name={t('Cache mode')}>{mode}</Property>
      <Property name={t('Latest request')}>
        {latest === null
          ? t('Not requested by the latest session')
          : [latest.result, latest.bypass_reason ?? latest.miss_reason].filter(Boolean).join(': ')}
      </Property>
      {latest?.not_stored && (
        <Property name={t('Not stored because')}>
          {NOT_STORED_TEXTS[latest.not_stored]?.() ?? latest.not_stored}
        </Property>
      )}
    </PropertyList>
  );
}
