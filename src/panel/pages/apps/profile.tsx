import { useState } from 'preact/hooks';
import { ConfirmDialog } from '../../components/apps/confirm-dialog.tsx';
import { ForkDialog } from '../../components/apps/fork-dialog.tsx';
import { hasCode, LoadState } from '../../components/apps/load-state.tsx';
import { Back, NotFound } from '../../components/apps/not-found.tsx';
import { useAppOperations } from '../../components/apps/use-operations.ts';
import { VersionTable } from '../../components/apps/version-table.tsx';
import { Card } from '../../components/card.tsx';
import { useRead } from '../../hooks.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { plural } from '../../lib/format.ts';
import type { Profile } from '../../lib/wire.ts';

const T = TEXTS.profiles;

type Open = { dialog: 'roll back' | 'fork'; version: number } | { dialog: 'delete' } | null;

/** One profile: its versions, which can be forked and rolled back to. */
export function ProfilePage({ user, session }: { user: string; session: string }) {
  const path = { user, session };
  const polled = useRead('GET /profiles/{user}/{session}', { path }, 'browser:profile');
  return (
    <>
      <Back href="#/profiles" text={T.all} />
      {hasCode(polled.error, 'profile_not_found') ? (
        <NotFound heading={T.notFound} title={T.notFoundTitle} hint={T.notFoundHint} />
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
            {TEXTS.actions.delete}
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
          title={T.rollBackTitle(open.version)}
          action={TEXTS.actions.rollBack}
          onConfirm={() => void operations.rollBack(path, open.version)}
          onClose={close}
        >
          <p>{T.rollBackText}</p>
          <p class="error">{T.lost}</p>
        </ConfirmDialog>
      )}
      {open?.dialog === 'fork' && <ForkDialog path={path} version={open.version} onClose={close} />}
      {open?.dialog === 'delete' && (
        <ConfirmDialog
          title={T.deleteTitle(session)}
          action={TEXTS.actions.delete}
          onConfirm={() => void operations.deleteProfile(path)}
          onClose={close}
        >
          <p>{T.deleteText}</p>
          <p class="error">{T.lost}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
