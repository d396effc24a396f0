import { useState } from 'preact/hooks';
import { useFeed, useService } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import type { Status } from '../lib/wire.ts';
import { Dialog } from './dialog.tsx';

export function ScaleDialog({ onClose }: { onClose: () => void }) {
  const { feeds, operations } = useService();
  const status = useFeed(feeds.status).value;
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? String(status?.engines.total ?? 0);
  const wanted = /^\d{1,4}$/.test(shown) ? Number(shown) : null;
  return (
    <Dialog
      title="Scale the engines"
      action="Scale"
      disabled={wanted === null || status === null}
      danger={wanted !== null && status !== null && wanted < status.engines.total}
      onAction={() => {
        onClose();
        void operations.scale(wanted ?? 0);
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>Engines wanted</span>
        <input
          type="number"
          min={0}
          max={status?.capacity.max_replicas}
          value={shown}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <p aria-live="polite">{wanted !== null && status && describe(wanted, status)}</p>
    </Dialog>
  );
}

function describe(wanted: number, { engines, capacity }: Status): string {
  const { max_replicas: most, min_replicas: least, used } = capacity;
  const target = Math.min(Math.max(wanted, least), most);
  const limit = target === wanted ? '' : ` The limits are ${least} and ${most}.`;
  if (target > engines.total) return `${plural(target - engines.total, 'engine')} will be started.${limit}`;
  if (target === engines.total) return `That is how many there are.${limit}`;
  const playing = target < used ? ' Some of them play.' : ' Those that play go last.';
  return `${plural(engines.total - target, 'engine')} will be removed.${playing}${limit}`;
}
