import { useState } from 'preact/hooks';
import { useClient, usePolled } from '../hooks.ts';
import { t } from '../lib/i18n.ts';
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
      title={t('Provision an engine')}
      action={t('Provision')}
      disabled={error !== null}
      onAction={() => {
        onClose();
        void operations.provision(labels);
      }}
      onClose={onClose}
    >
      {status && (
        <p>
          {t('{n} of at most {max} engines are running.', {
            n: status.engines.total,
            max: status.capacity.max_replicas,
          })}
        </p>
      )}
      {blocked !== null && (
        <p class="error">{t('Provisioning is currently blocked: {reason}', { reason: blocked })}</p>
      )}
      <label class="field">
        <span>{t('Labels (optional)')}</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder={t('name=value, one per line')}
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
