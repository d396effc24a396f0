import { plural } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { App } from '../../lib/wire.ts';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { useAppOperations } from './use-operations.ts';

interface UninstallDialogProps {
  app: Pick<App, 'workspace' | 'app_id' | 'name' | 'live_sessions'>;
  onClose: () => void;
}

/** Asks for confirmation before an app is uninstalled. */
export function UninstallDialog({ app, onClose }: UninstallDialogProps) {
  const operations = useAppOperations();
  const { workspace, app_id, name, live_sessions: live } = app;
  return (
    <ConfirmDialog
      title={t('Uninstall {name}?', { name })}
      action={t('Uninstall')}
      onConfirm={() => void operations.uninstall({ workspace, app: app_id }, name)}
      onClose={onClose}
    >
      <p>{t('Its files and everything in its cache will be deleted. Profiles are kept.')}</p>
      {live > 0 && <p class="error">{t('{sessions} will end.', { sessions: plural(live, 'session') })}</p>}
    </ConfirmDialog>
  );
}
