import { useState } from 'preact/hooks';
import { useClient } from '../../hooks.ts';
import { errorMessage } from '../../lib/errors.ts';
import { t } from '../../lib/i18n.ts';
import { Card } from '../card.tsx';

const LIMIT_S = 30;
const GRACE_MS = 5000;

/** Executes JavaScript in the page of a session, and shows the value of the last expression. */
export function ScriptCard({ id }: { id: string }) {
  const { api, apiKey } = useClient();
  const [script, setScript] = useState('');
  const [outcome, setOutcome] = useState<{ text: string; failed?: true } | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const execute = async () => {
    setIsRunning(true);
    try {
      const input = { path: { id }, body: { script, timeout_s: LIMIT_S } };
      const reply = await apiKey.withKey(() =>
        api.write('POST /browser/sessions/{id}/execute', input, LIMIT_S * 1000 + GRACE_MS),
      );
      setOutcome(reply && { text: JSON.stringify(reply.result, null, 2) ?? 'undefined' });
    } catch (error) {
      setOutcome({ text: errorMessage(error), failed: true });
    }
    setIsRunning(false);
  };
  return (
    <Card title={t('Script')}>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void execute();
        }}
      >
        <label class="field">
          <span>{t('JavaScript, executed in the page')}</span>
          <textarea
            rows={4}
            spellcheck={false}
            placeholder="document.title"
            value={script}
            onInput={({ currentTarget }) => setScript(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={isRunning || script.trim() === ''}>
          {t('Execute')}
        </button>
      </form>
      {isRunning && <p class="muted">{t('Executing …')}</p>}
      {!isRunning && outcome && (
        <output class={`log ${outcome.failed ? 'error' : ''}`} aria-label={t('Result')}>
          {outcome.text}
        </output>
      )}
    </Card>
  );
}
