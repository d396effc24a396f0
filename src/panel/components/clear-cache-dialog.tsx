import { useState } from 'preact/hooks';
import { matchGlob } from '../../library/util/glob.ts';
import { useClient } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { CacheEntry } from '../lib/wire.ts';
import { Dialog } from './dialog.tsx';

/** Asks which cache entries to clear. `entries` are those that exist now. */
export function ClearCacheDialog({
  entries,
  onClose,
}: {
  entries: readonly CacheEntry[];
  onClose: () => void;
}) {
  const { operations } = useClient();
  const [pattern, setPattern] = useState('');
  const matching = entries.filter(({ key }) => pattern === '' || matchGlob(pattern, key));
  return (
    <Dialog
      title={t('Clear the cache')}
      action={pattern === '' ? t('Clear all') : t('Clear matching')}
      danger
      onAction={() => {
        onClose();
        void operations.clearCache(pattern);
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>{t('Key pattern (leave empty to clear all)')}</span>
        <input
          type="text"
          spellcheck={false}
          autoComplete="off"
          placeholder="stats:*"
          value={pattern}
          onInput={({ currentTarget }) => setPattern(currentTarget.value.trim())}
        />
      </label>
      <p aria-live="polite">
        {t('{entries} will be cleared.', { entries: plural(matching.length, 'entry') })}{' '}
        {pattern === '' && t('The counters will be reset.')}
      </p>
    </Dialog>
  );
}
