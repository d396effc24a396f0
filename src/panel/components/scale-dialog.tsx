import { useState } from 'preact/hooks';
import { useClient, usePolled } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import type { Status } from '../lib/wire.ts';
import { Dialog } from './dialog.tsx';

/** Asks for the number of engines and says what will change. */
export function ScaleDialog({ onClose }: { onClose: () => void }) {
  const { resources, operations } = useClient();
  const status = usePolled(resources.status).value;
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? String(status?.engines.total ?? 0);
  const demand = /^\d{1,4}$/.test(shown) ? Number(shown) : null;
  return (
    <Dialog
      title="Scale the engines"
      action="Scale"
      disabled={demand === null || status === null}
      danger={demand !== null && status !== null && demand < status.engines.total}
      onAction={() => {
        onClose();
        void operations.scale(demand ?? 0);
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>Number of engines</span>
        <input
          type="number"
          min={0}
          max={status?.capacity.max_replicas}
          value={shown}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <p aria-live="polite">{demand !== null && status && describe(demand, status)}</p>
    </Dialog>
  );
}

function describe(demand: number, { engines, capacity }: Status): string {
  const { max_replicas: max, min_replicas: min, used } = capacity;
  const target = Math.min(Math.max(demand, min), max);
  const limit = target === demand ? '' : ` The limits are ${min} and ${max}.`;
  if (target > engines.total) return `${plural(target - engines.total, 'engine')} will be started.${limit}`;
  if (target === engines.total) return `No change.${limit}`;
  const playing = target < used ? ' Streams will end.' : ' Idle engines are removed first.';
  return `${plural(engines.total - target, 'engine')} will be removed.${playing}${limit}`;
}
