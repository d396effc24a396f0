import { useEffect, useRef, useState } from 'preact/hooks';
import { useClient, useStore } from '../../hooks.ts';
import { filterLog, LOG_LEVELS, type LogLevel, levelOf, parseLog } from '../../lib/apps/session-log.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { LogFollower } from '../../lib/log-follower.ts';
import { Card, EmptyState } from '../card.tsx';

const T = TEXTS.session;
const TAIL = 1000;
const AT_END_PX = 40;

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
      title={T.log}
      aside={
        <div class="filters">
          <select
            aria-label={T.level}
            value={level}
            onChange={({ currentTarget }) => setLevel(currentTarget.value as LogLevel)}
          >
            {LOG_LEVELS.map((each) => (
              <option key={each} value={each}>
                {T.levels[each]}
              </option>
            ))}
          </select>
          <button type="button" aria-pressed={isFollowing} onClick={() => setIsFollowing(!isFollowing)}>
            {isFollowing ? TEXTS.actions.stopFollowing : TEXTS.actions.follow}
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
        <EmptyState title={state === 'following' ? T.logWaiting : T.logEmpty} />
      ) : (
        <Entries text={text} level={level} />
      )}
    </Card>
  );
}

function Entries({ text, level }: { text: string; level: LogLevel }) {
  const element = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const box = element.current;
    // Keeps the position if the user has scrolled up.
    if (box && atEnd.current) box.scrollTop = box.scrollHeight;
  }, [text, level]);
  const entries = filterLog(parseLog(text), level);
  if (entries.length === 0) return <EmptyState title={T.logHidden} />;
  return (
    // Can be scrolled with the keyboard.
    <div
      ref={element}
      class="log console"
      role="log"
      aria-label={T.log}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
      tabIndex={0}
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
      }}
    >
      {entries.map((entry, index) => (
        <p key={`${entry.time} ${index}`} class={`console-${levelOf(entry)}`}>
          <span class="muted">{entry.time.slice(11, 23)}</span> <span class="kind">{entry.kind}</span>{' '}
          {entry.text}
        </p>
      ))}
    </div>
  );
}
