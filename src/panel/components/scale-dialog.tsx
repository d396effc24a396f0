import { useState } from 'preact/hooks';
import { useClient, usePolled } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
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
      title={t('Scale the engines')}
      action={t('Scale')}
      disabled={demand === null || status === null}
      danger={demand !== null && status !== null && demand < status.engines.total}
      onAction={() => {
        onClose();
        void operations.scale(demand ?? 0);
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>{t('Number of engines')}</span>
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
  const limit = target === demand ? '' : t('The limits are {min} and {max}.', { min, max });
  if (target === engines.total) return `${t('No change.')} ${limit}`;
  if (target > engines.total) {
    const started = plural(target - engines.total, 'engine');
    return `${t('{engines} will be started.', { engines: started })} ${limit}`;
  }
  const removed = t('{engines} will be removed.', { engines: plural(engines.total - target, 'engine') });
  const playing = target < used ? t('Streams will end.') : t('Idle engines are removed first.');
  return `${removed} ${playing} ${limit}`;
}
