import { useNow, useService, useStore } from '../hooks.ts';
import { formatDuration } from '../lib/format.ts';

/** What concerns the whole panel: nobody answers, or reads are refused. */
export function Notices() {
  const { awaySince, locked, keys } = useService();
  const since = useStore(awaySince);
  const isLocked = useStore(locked);
  if (since !== null) return <Away since={since} />;
  if (!isLocked) return null;
  return (
    <div class="notice tone-warn" role="alert">
      <p>
        <strong>This service asks for its key.</strong> It is in the start-up lines, and in{' '}
        <code>api-key</code> in the data folder.
      </p>
      <button type="button" class="primary" onClick={() => void keys.ask()}>
        Give the key
      </button>
    </div>
  );
}

function Away({ since }: { since: number }) {
  const { clock } = useService();
  useNow();
  return (
    <div class="notice tone-bad">
      <p>
        {/* Only the fact is announced, not every second of it. */}
        <strong role="alert">The service does not answer.</strong> What is shown was so{' '}
        {formatDuration((clock.now() - since) / 1000)} ago; it comes back by itself.
      </p>
    </div>
  );
}
