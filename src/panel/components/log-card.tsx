import { useEffect, useRef, useState } from 'preact/hooks';
import { useService, useStore } from '../hooks.ts';
import { LogFollower } from '../lib/log-follower.ts';
import { Card, Empty } from './card.tsx';

const TAILS = [100, 200, 1000];

/** What an engine writes. It may hold secrets, so it needs the key, and is read only when asked for. */
export function LogCard({ id }: { id: string }) {
  const { api, keys } = useService();
  const [log] = useState(() => new LogFollower(api, keys, id));
  const { text, state, fault } = useStore(log.state);
  const [tail, setTail] = useState(200);
  useEffect(() => () => log.stop(), [log]);
  const following = state === 'following';
  return (
    <Card
      title="Log"
      aside={
        <div class="filters">
          <select
            aria-label="Lines from the end"
            value={String(tail)}
            onChange={({ currentTarget }) => setTail(Number(currentTarget.value))}
          >
            {TAILS.map((lines) => (
              <option key={lines} value={String(lines)}>
                last {lines} lines
              </option>
            ))}
          </select>
          <button type="button" onClick={() => void log.read(tail, false)}>
            {state === 'idle' ? 'Show' : 'Read again'}
          </button>
          <button type="button" aria-pressed={following} onClick={() => follow(log, tail, following)}>
            {following ? 'Stop following' : 'Follow'}
          </button>
        </div>
      }
    >
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
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
      <Empty title="Not read yet">
        <p>Reading the log needs the key. “Follow” shows new lines as they are written.</p>
      </Empty>
    );
  }
  return (
    <Empty title={state === 'ended' ? 'The engine has written nothing' : 'Nothing has been written yet'} />
  );
}

function LogText({ text, following }: { text: string; following: boolean }) {
  const element = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const box = element.current;
    // Whoever has scrolled up to read is not torn away.
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
