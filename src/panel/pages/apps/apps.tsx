import { useState } from 'preact/hooks';
import { AppTable } from '../../components/apps/app-table.tsx';
import { DropZone } from '../../components/apps/drop-zone.tsx';
import { InstallDialog } from '../../components/apps/install-dialog.tsx';
import { LoadState } from '../../components/apps/load-state.tsx';
import { SessionTable } from '../../components/apps/session-table.tsx';
import { Tabs } from '../../components/apps/tabs.tsx';
import { UninstallDialog } from '../../components/apps/uninstall-dialog.tsx';
import { useAppOperations } from '../../components/apps/use-operations.ts';
import { Card, EmptyState } from '../../components/card.tsx';
import { Icon } from '../../components/icon.tsx';
import { useRead } from '../../hooks.ts';
import { plural } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { appHref } from '../../lib/router.ts';
import type { App } from '../../lib/wire.ts';

type Open = { dialog: 'install'; file: string | null } | { dialog: 'uninstall'; app: App } | null;

/** The installed apps and all sessions. */
export function AppsPage() {
  const apps = useRead('GET /apps', {}, 'apps:list');
  const sessions = useRead('GET /browser/sessions', {}, 'browser:sessions');
  const operations = useAppOperations();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const install = (file: string | null) => setOpen({ dialog: 'install', file });
  const list = apps.value ?? [];
  return (
    <DropZone
      text={t('Drop the manifest file to install the app')}
      disabled={apps.value === null}
      onText={install}
    >
      <div class="section-head page-head">
        <h1>{t('Apps')}</h1>
        <Tabs current="apps" />
        {apps.value !== null && (
          <div class="actions">
            <button type="button" class="primary" onClick={() => install(null)}>
              <Icon name="plus" />
              {t('Install')}
            </button>
          </div>
        )}
      </div>
      <Card title={apps.value === null ? t('Apps') : plural(list.length, 'app')} from={apps}>
        {apps.value === null ? (
          <LoadState from={apps} />
        ) : list.length === 0 ? (
          <EmptyState title={t('No apps installed')}>
            <p>{t('Install an app with a form, or drop a manifest file (JSON) anywhere on this page.')}</p>
            <button type="button" class="primary" onClick={() => install(null)}>
              {t('Install the first app')}
            </button>
          </EmptyState>
        ) : (
          <AppTable
            apps={list}
            onStart={({ workspace, app_id: app, name }) =>
              void operations.start({ workspace, app }, name, {})
            }
            onUninstall={(app) => setOpen({ dialog: 'uninstall', app })}
          />
        )}
      </Card>
      {apps.value !== null && (
        <Card title={t('Sessions')} from={sessions}>
          {sessions.value === null ? (
            <LoadState from={sessions} />
          ) : (
            <SessionTable sessions={sessions.value} />
          )}
        </Card>
      )}
      {open?.dialog === 'install' && (
        <InstallDialog
          file={open.file}
          onInstalled={(app) => {
            close();
            location.hash = appHref(app);
          }}
          onClose={close}
        />
      )}
      {open?.dialog === 'uninstall' && <UninstallDialog app={open.app} onClose={close} />}
    </DropZone>
  );
}
