import { useState } from 'preact/hooks';
import { matchGlob } from '../../library/util/glob.ts';
import { useService } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import type { CacheEntry } from '../lib/wire.ts';
import { Dialog } from './dialog.tsx';

export function ClearDialog({ entries, onClose }: { entries: readonly CacheEntry[]; onClose: () => void }) {
  const { operations } = useService();
  const [pattern, setPattern] = useState('');
  const meant = entries.filter(({ key }) => pattern === '' || matchGlob(pattern, key));
  return (
    <Dialog
      title="Clear the cache"
      action={pattern === '' ? 'Clear all' : 'Clear what fits'}
      danger
      onAction={() => {
        onClose();
        void operations.clearCache(pattern);
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>Keys; empty for all</span>
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
        {plural(meant.length, 'fresh entry', 'fresh entries')} at this moment.
        {pattern === '' ? ' The counters begin anew, too.' : ''}
      </p>
    </Dialog>
  );
}
