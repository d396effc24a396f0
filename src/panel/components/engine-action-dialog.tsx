import { useClient } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Engine } from '../lib/wire.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

interface EngineActionDialogProps {
  action: 'restart' | 'delete';
  engines: readonly Engine[];
  onClose: () => void;
}

/** Asks for confirmation before engines are restarted or deleted, and says which streams end. */
export function EngineActionDialog({ action, engines, onClose }: EngineActionDialogProps) {
  const { operations } = useClient();
  const streams = engines.reduce((sum, engine) => sum + engine.streams.length, 0);
  const [first] = engines;
  const what = engines.length === 1 && first ? first.container_name : plural(engines.length, 'engine');
  const restarts = action === 'restart';
  return (
    <ConfirmDialog
      title={restarts ? t('Restart {what}?', { what }) : t('Delete {what}?', { what })}
      action={restarts ? t('Restart') : t('Delete')}
      onConfirm={() =>
        void (restarts ? operations.restartEngines(engines) : operations.deleteEngines(engines))
      }
      onClose={onClose}
    >
      <p>
        {restarts
          ? t('It keeps its port and its settings. Several are restarted one after another.')
          : t('Stopped and removed. New ones start if there are fewer than MIN_REPLICAS.')}
      </p>
      {streams > 0 && <p class="error">{t('{streams} will end.', { streams: plural(streams, 'stream') })}</p>}
    </ConfirmDialog>
  );
}
