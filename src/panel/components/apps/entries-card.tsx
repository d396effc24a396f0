import { useEffect, useState } from 'preact/hooks';
import { useClient, useNow } from '../../hooks.ts';
import { errorMessage } from '../../lib/errors.ts';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { Reply } from '../../lib/wire.ts';
import { Card } from '../card.tsx';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { FigureTable } from './figure-table.tsx';
import { useAppOperations } from './use-operations.ts';

type Entry = Reply<'GET /apps/{workspace}/{app}/cache/entries'>['entries'][number];

const PAGE = 50;

interface EntriesCardProps {
  path: { workspace: string; app: string };
  /** Number of stored responses. The list is read again when it changes. */
  count: number;
}

/** Stored responses, a page at a time, with a filter by URL pattern and a way to clear what matches. */
export function EntriesCard({ path, count }: EntriesCardProps) {
  const { api } = useClient();
  const operations = useAppOperations();
  const [text, setText] = useState('');
  const [match, setMatch] = useState('');
  const [entries, setEntries] = useState<Entry[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [isClearing, setIsClearing] = useState(false);

  const load = async (from: string | null, isCurrent: () => boolean) => {
    const query = { limit: PAGE, ...(match !== '' && { match }), ...(from !== null && { cursor: from }) };
    try {
      const page = await api.read('GET /apps/{workspace}/{app}/cache/entries', { path, query }, null);
      if (page.notModified || !isCurrent()) return;
      setEntries((before) => (from === null ? page.value.entries : [...before, ...page.value.entries]));
      setCursor(page.value.next_cursor);
      setError(null);
    } catch (cause) {
      if (isCurrent()) setError(errorMessage(cause));
    }
  };
  useEffect(() => {
    let isCurrent = true;
    void load(null, () => isCurrent);
    return () => {
      isCurrent = false;
    };
  }, [match, count]);

  const nowMs = useNow();
  const rows = entries.map(({ url, status, content_type: type, bytes, received_at: at, personal }) => ({
    name: url,
    note: [String(status), type, personal ? t('personal') : ''].filter(Boolean).join(' · '),
    figures: [formatBytes(bytes), formatDuration((nowMs - Date.parse(at)) / 1000)],
  }));
  return (
    <Card
      title={t('Stored responses')}
      aside={
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            setMatch(text);
          }}
        >
          <input
            type="search"
            aria-label={t('URL pattern')}
            placeholder={'*.wasm'}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value.trim())}
          />
          <button type="submit">{t('Filter')}</button>
          <button type="button" class="danger" disabled={count === 0} onClick={() => setIsClearing(true)}>
            {t('Clear')} …
          </button>
        </form>
      }
    >
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <FigureTable
        columns={[t('URL'), t('Size'), t('Age')]}
        rows={rows}
        empty={match === '' ? t('Nothing is stored') : t('No stored response matches the pattern')}
      />
      {cursor !== null && (
        <button type="button" onClick={() => void load(cursor, () => true)}>
          {t('Show more')}
        </button>
      )}
      {isClearing && (
        <ConfirmDialog
          title={t('Clear the cache?')}
          action={t('Clear')}
          onConfirm={() => void operations.clearCache(path, text)}
          onClose={() => setIsClearing(false)}
        >
          <p>
            {text === ''
              ? t('All stored responses of this app will be removed.')
              : t('Stored responses whose URL matches {match} will be removed.', { match: text })}
          </p>
          <p>{t('The HTTP caches of its running sessions are cleared too.')}</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
