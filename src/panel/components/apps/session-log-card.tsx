import { useEffect, useState } from 'preact/hooks';
import { useClient, useStore } from '../../hooks.ts';
import { LOG_LEVELS, type LogLevel, levelOf, ofLevel, parseLog } from '../../lib/apps/session-log.ts';
import { LEVEL_TEXTS } from '../../lib/apps/texts.ts';
import { t } from '../../lib/i18n.ts';
import { LogFollower } from '../../lib/log-follower.ts';
import { Card, EmptyState } from '../card.tsx';
import { LogBox } from '../log-box.tsx';

const TAIL = 1000;

/** The console of a session. It is followed until the session ends, but not in a hidden tab. */
export function SessionLogCard({ id }: { id: string }) {
  const { api, apiKey } = useClient();
  const [log] = useState(
    () => new LogFollower(api, apiKey, `browser/sessions/${encodeURIComponent(id)}/logs`),
  );
  const [level, setLevel] = useState<LogLevel>('info');
  const [isFollowing, setIsFollowing] = useState(true);
  const { text, state, error } = useStore(log.state);
  useEffect(() => {
    const apply = () => {
      if (isFollowing && document.visibilityState === 'visible') void log.read(TAIL, true);
      else log.stop();
    };
    apply();
    document.addEventListener('visibilitychange', apply);
    return () => {
      document.removeEventListener('visibilitychange', apply);
      log.stop();
    };
  }, [log, isFollowing]);
  return (
    <Card
      title={t('Log')}
      aside={
        <div class="filters">
          <select
            aria-label={t('Level')}
            value={level}
            onChange={({ currentTarget }) => setLevel(currentTarget.value as LogLevel)}
          >
            {LOG_LEVELS.map((each) => (
              <option key={each} value={each}>
                {LEVEL_TEXTS[each]()}
              </option>
            ))}
          </select>
          <button type="button" aria-pressed={isFollowing} onClick={() => setIsFollowing(!isFollowing)}>
            {isFollowing ? t('Stop following') : t('Follow')}
          </button>
        </div>
      }
    >
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {error === null && text === '' ? (
        <EmptyState title={state === 'following' ? t('Waiting for output') : t('The log is empty')} />
      ) : (
        <Entries text={text} level={level} following={state === 'following'} />
      )}
    </Card>
  );
}

function Entries({ text, level, following }: { text: string; level: LogLevel; following: boolean }) {
  const entries = ofLevel(parseLog(text), level);
  if (entries.length === 0) return <EmptyState title={t('No message of this level')} />;
  return (
    <LogBox content={`${level} ${text}`} class="console" following={following}>
      {entries.map((entry, index) => (
        <p key={`${entry.time} ${index}`} class={`console-${levelOf(entry)}`}>
          <span class="muted">{entry.time.slice(11, 23)}</span> <span class="kind">{entry.kind}</span>{' '}
          {entry.text}
        </p>
      ))}
    </LogBox>
  );
}
