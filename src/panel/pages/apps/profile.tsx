import { useState } from 'preact/hooks';
import { ForkDialog } from '../../components/apps/fork-dialog.tsx';
import { hasCode, LoadState } from '../../components/apps/load-state.tsx';
import { Back, NotFound } from '../../components/apps/not-found.tsx';
import { useAppOperations } from '../../components/apps/use-operations.ts';
import { VersionTable } from '../../components/apps/version-table.tsx';
import { Card } from '../../components/card.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { useRead } from '../../hooks.ts';
import { plural } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { Profile } from '../../lib/wire.ts';

type Open = { dialog: 'roll back' | 'fork'; version: number } | { dialog: 'delete' } | null;

/** One profile: its versions, which can be forked and rolled back to. */
export function ProfilePage({ user, session }: { user: string; session: string }) {
  const path = { user, session };
  const polled = useRead('GET /profiles/{user}/{session}', { path }, 'browser:profile');
  return (
    <>
      <Back href="#/profiles" text={t('All profiles')} />
      {hasCode(polled.error, 'profile_not_found') ? (
        <NotFound
          heading={t('Profile not found')}
          title={t('This profile does not exist')}
          hint={t('It was deleted, or it has never been saved.')}
        />
      ) : polled.value === null ? (
        <Card title={session}>
          <h1 class="hidden">{session}</h1>
          <LoadState from={polled} />
        </Card>
      ) : (
        <Details profile={polled.value} />
      )}
    </>
  );
}

function Details({ profile: { user, session, versions } }: { profile: Profile }) {
  const operations = useAppOperations();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const path = { user, session };
  return (
    <>
      <div class="section-head page-head">
        <h1>{session}</h1>
        <span class="muted">{user}</span>
        <div class="actions">
          <button type="button" class="danger" onClick={() => setOpen({ dialog: 'delete' })}>
            {t('Delete')}
          </button>
        </div>
      </div>
      <Card title={plural(versions.length, 'version')}>
        <VersionTable
          versions={versions}
          onFork={(version) => setOpen({ dialog: 'fork', version })}
          onRollBack={(version) => setOpen({ dialog: 'roll back', version })}
        />
      </Card>
      {open?.dialog === 'roll back' && (
        <ConfirmDialog
          title={t('Roll back to version {version}?', { version: open.version })}
          action={t('Roll back')}
          onConfirm={() => void operations.rollBack(path, open.version)}
          onClose={close}
        >
          <p>{t('Its content becomes the newest version. Later versions are kept.')}</p>
          <p class="error">{t('A session that uses the profile now can no longer save it.')}</p>
        </ConfirmDialog>
      )}
      {open?.dialog === 'fork' && <ForkDialog path={path} version={open.version} onClose={close} />}
      {open?.dialog === 'delete' && (
        <ConfirmDialog
          title={t('Delete {name}?', { name: session })}
          action={t('Delete')}
          onConfirm={() => void operations.deleteProfile(path)}
          onClose={close}
        >
          <p>{t('The profile will be deleted with all its versions. This cannot be undone.')}</p>
          <p class="error">{t('A session that uses the profile now can no longer save it.')}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
