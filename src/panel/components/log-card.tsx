import { useEffect, useState } from 'preact/hooks';
import { useClient, useStore } from '../hooks.ts';
import { formatCount } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { LogFollower } from '../lib/log-follower.ts';
import { filterLog, type LogFilter } from '../lib/log-lines.ts';
import { Card, EmptyState } from './card.tsx';
import { LogBox } from './log-box.tsx';

const TAILS = [200, 1000, 5000];

/**
 * Log of an engine, followed from the beginning. It may contain secrets, so reading it requires a login: without one, it
 * is read on request.
 */
export function LogCard({ id, name }: { id: string; name: string }) {
  const { api, apiKey } = useClient();
  const [log] = useState(() => new LogFollower(api, apiKey, `engines/${encodeURIComponent(id)}/logs`));
  const { text, state, error } = useStore(log.state);
  const [tail, setTail] = useState(TAILS[0]!);
  const [filter, setFilter] = useState<LogFilter>({ text: '', level: 'all' });
  const [wrap, setWrap] = useState(true);
  const loggedIn = useStore(apiKey.loggedIn);
  useEffect(() => {
    if (loggedIn) void log.read(TAILS[0]!, true);
    return () => log.stop();
  }, [loggedIn, log]);
  const following = state === 'following';
  const lines = filterLog(text, filter);
  const shown = lines.join('\n');
  const isFiltered = filter.text.trim() !== '' || filter.level !== 'all';
  return (
    <Card
      title={t('Log')}
      aside={
        <div class="filters">
          {text !== '' && (
            <>
              <LogFilters filter={filter} onFilter={setFilter} />
              <button type="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
                {t('Wrap')}
              </button>
              <button type="button" onClick={() => download(`${name}.log`, text)}>
                {t('Download')}
              </button>
            </>
          )}
          <select
            aria-label={t('Number of lines')}
            value={String(tail)}
            onChange={({ currentTarget }) => {
              setTail(Number(currentTarget.value));
              if (state !== 'idle') void log.read(Number(currentTarget.value), following);
            }}
          >
            {TAILS.map((count) => (
              <option key={count} value={String(count)}>
                {t('Last {n} lines', { n: formatCount(count) })}
              </option>
            ))}
          </select>
          <button type="button" aria-pressed={following} onClick={() => follow(log, tail, following)}>
            {state === 'idle' ? t('Show') : following ? t('Stop following') : t('Follow')}
          </button>
        </div>
      }
    >
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {text === '' ? (
        <NoText state={state} />
      ) : (
        <>
          {isFiltered && (
            <p class="hint" role="status">
              {t('{n} lines match', { n: formatCount(lines.length) })}
            </p>
          )}
          <LogBox content={shown} class={wrap ? '' : 'unwrapped'} following={following}>
            {shown}
          </LogBox>
        </>
      )}
    </Card>
  );
}

function LogFilters({ filter, onFilter }: { filter: LogFilter; onFilter: (filter: LogFilter) => void }) {
  return (
    <>
      <input
        type="search"
        aria-label={t('Search the log')}
        placeholder={t('Search')}
        value={filter.text}
        onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value })}
      />
      <select
        aria-label={t('Level')}
        value={filter.level}
        onChange={({ currentTarget }) =>
          onFilter({ ...filter, level: currentTarget.value as LogFilter['level'] })
        }
      >
        <option value="all">{t('All levels')}</option>
        <option value="warnings">{t('Warnings and errors')}</option>
        <option value="errors">{t('Errors')}</option>
      </select>
    </>
  );
}

function follow(log: LogFollower, tail: number, following: boolean): void {
  if (following) log.stop();
  else void log.read(tail, true);
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function NoText({ state }: { state: LogFollower['state']['value']['state'] }) {
  if (state === 'failed') return null;
  if (state === 'idle') {
    return (
      <EmptyState title={t('Log not loaded')}>
        <p>{t('Reading the log requires the API key. “Show” reads it and follows new lines.')}</p>
      </EmptyState>
    );
  }
  return <EmptyState title={state === 'ended' ? t('The log is empty') : t('Waiting for output')} />;
}
