import { useState } from 'preact/hooks';
import { lines } from '../../lib/apps/manifest-form.ts';
import { t } from '../../lib/i18n.ts';
import { Card } from '../card.tsx';
import { useAppOperations } from './use-operations.ts';

/** Requests URLs in advance, so that their responses are stored. */
export function WarmCard({ path }: { path: { workspace: string; app: string } }) {
  const operations = useAppOperations();
  const [text, setText] = useState('');
  const [first, ...others] = lines(text);
  return (
    <Card title={t('Warm the cache')}>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (first !== undefined) void operations.warm(path, [first, ...others]);
        }}
      >
        <label class="field">
          <span>{t('URLs to request in advance, one per line')}</span>
          <textarea
            rows={3}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={first === undefined}>
          {t('Warm')}
        </button>
      </form>
    </Card>
  );
}
