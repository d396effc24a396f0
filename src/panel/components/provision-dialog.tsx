import { useState } from 'preact/hooks';
import { useFeed, useService } from '../hooks.ts';
import { parseLabels } from '../lib/labels.ts';
import { Dialog } from './dialog.tsx';

export function ProvisionDialog({ onClose }: { onClose: () => void }) {
  const { feeds, operations } = useService();
  const status = useFeed(feeds.status).value;
  const [text, setText] = useState('');
  const { labels, fault } = parseLabels(text);
  const blocked = status?.provisioning.blocked_reason ?? null;
  return (
    <Dialog
      title="Provision an engine"
      action="Provision"
      disabled={fault !== null}
      onAction={() => {
        onClose();
        void operations.provision(labels);
      }}
      onClose={onClose}
    >
      {status && (
        <p>
          {status.engines.total} of at most {status.capacity.max_replicas} engines are there.
        </p>
      )}
      {blocked !== null && <p class="fault">For now it would be refused: {blocked}</p>}
      <label class="field">
        <span>Labels, if it is to have any</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder="name=value, one per line"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </Dialog>
  );
}
