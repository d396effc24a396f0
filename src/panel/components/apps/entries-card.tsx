import { useEffect, useState } from 'preact/hooks';
import { useClient, useNow } from '../../hooks.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { errorMessage } from '../../lib/errors.ts';
import { formatBytes, formatDuration } from '../../lib/format.ts';
import type { Reply } from '../../lib/wire.ts';
import { Card } from '../card.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { FigureTable } from './figure-table.tsx';
import { useAppOperations } from './use-operations.ts';

type Entry = Reply<'GET /apps/{workspace}/{app}/cache/entries'>['entries'][number];

const T = TEXTS.entries;
const C = TEXTS.cache.columns;
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
    note: [String(status), type, personal ? T.personal : ''].filter(Boolean).join(' · '),
    figures: [formatBytes(bytes), formatDuration((nowMs - Date.parse(at)) / 1000)],
  }));
  return (
    <Card
      title={T.title}
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
            aria-label={T.pattern}
            placeholder={T.placeholder}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value.trim())}
          />
          <button type="submit">{TEXTS.actions.filter}</button>
          <button type="button" class="danger" disabled={count === 0} onClick={() => setIsClearing(true)}>
            {TEXTS.actions.clear} …
          </button>
        </form>
      }
    >
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <FigureTable columns={[C.url, C.size, C.age]} rows={rows} empty={match === '' ? T.none : T.noneMatch} />
      {cursor !== null && (
        <button type="button" onClick={() => void load(cursor, () => true)}>
          {TEXTS.actions.more}
        </button>
      )}
      {isClearing && (
        <ConfirmDialog
          title={T.confirm}
          action={TEXTS.actions.clear}
          onConfirm={() => void operations.clearCache(path, text)}
          onClose={() => setIsClearing(false)}
        >
          <p>{text === '' ? T.confirmAll : T.confirmMatch(text)}</p>
          <p>{T.confirmBrowsers}</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
