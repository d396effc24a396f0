import { TEXTS } from '../../lib/apps/texts.ts';
import { plural } from '../../lib/format.ts';
import type { App } from '../../lib/wire.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { useAppOperations } from './use-operations.ts';

const T = TEXTS.uninstall;

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
      title={T.title(name)}
      action={TEXTS.actions.uninstall}
      onConfirm={() => void operations.uninstall({ workspace, app: app_id }, name)}
      onClose={onClose}
    >
      <p>{T.text}</p>
      {live > 0 && <p class="error">{T.sessions(plural(live, 'session'))}</p>}
    </ConfirmDialog>
  );
}
