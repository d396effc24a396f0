import { useEffect, useRef, useState } from 'preact/hooks';
import { useClient, useStore } from '../hooks.ts';
import { LogFollower } from '../lib/log-follower.ts';
import { Card, EmptyState } from './card.tsx';

const TAILS = [100, 200, 1000];

/** Log of an engine. It may contain secrets, so reading it requires the API key and starts only on request. */
export function LogCard({ id }: { id: string }) {
  const { api, apiKey } = useClient();
  const [log] = useState(() => new LogFollower(api, apiKey, `engines/${encodeURIComponent(id)}/logs`));
  const { text, state, error } = useStore(log.state);
  const [tail, setTail] = useState(200);
  useEffect(() => () => log.stop(), [log]);
  const following = state === 'following';
  return (
    <Card
      title="Log"
      aside={
        <div class="filters">
          <select
            aria-label="Number of lines"
            value={String(tail)}
            onChange={({ currentTarget }) => setTail(Number(currentTarget.value))}
          >
            {TAILS.map((lines) => (
              <option key={lines} value={String(lines)}>
                Last {lines} lines
              </option>
            ))}
          </select>
          <button type="button" onClick={() => void log.read(tail, false)}>
            {state === 'idle' ? 'Show' : 'Reload'}
          </button>
          <button type="button" aria-pressed={following} onClick={() => follow(log, tail, following)}>
            {following ? 'Stop following' : 'Follow'}
          </button>
        </div>
      }
    >
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {text !== '' ? <LogText text={text} following={following} /> : <NoText state={state} />}
    </Card>
  );
}

function follow(log: LogFollower, tail: number, following: boolean): void {
  if (following) log.stop();
  else void log.read(tail, true);
}

function NoText({ state }: { state: LogFollower['state']['value']['state'] }) {
  if (state === 'failed') return null;
  if (state === 'idle') {
    return (
      <EmptyState title="Log not loaded">
        <p>Reading the log requires the API key. Follow shows new lines as they are written.</p>
      </EmptyState>
    );
  }
  return <EmptyState title={state === 'ended' ? 'The log is empty' : 'Waiting for output'} />;
}

function LogText({ text, following }: { text: string; following: boolean }) {
  const element = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const box = element.current;
    // Keeps the position if the user has scrolled up.
    if (box && text !== '' && atEnd.current) box.scrollTop = box.scrollHeight;
  }, [text]);
  return (
    <pre
      ref={element}
      class="log"
      role="log"
      aria-label="Log"
      aria-busy={following}
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      }}
    >
      {text}
    </pre>
  );
}
