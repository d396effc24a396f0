import { useState } from 'preact/hooks';
import { useClient, usePolled } from '../hooks.ts';
import { parseLabels } from '../lib/labels.ts';
import { Dialog } from './dialog.tsx';

/** Asks for labels and provisions an engine. */
export function ProvisionDialog({ onClose }: { onClose: () => void }) {
  const { resources, operations } = useClient();
  const status = usePolled(resources.status).value;
  const [text, setText] = useState('');
  const { labels, error } = parseLabels(text);
  const blocked = status?.provisioning.blocked_reason ?? null;
  return (
    <Dialog
      title="Provision an engine"
      action="Provision"
      disabled={error !== null}
      onAction={() => {
        onClose();
        void operations.provision(labels);
      }}
      onClose={onClose}
    >
      {status && (
        <p>
          {status.engines.total} of at most {status.capacity.max_replicas} engines are running.
        </p>
      )}
      {blocked !== null && <p class="error">Provisioning is currently blocked: {blocked}</p>}
      <label class="field">
        <span>Labels (optional)</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder="name=value, one per line"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </Dialog>
  );
}
