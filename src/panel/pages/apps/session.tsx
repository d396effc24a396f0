import { hasCode, LoadState } from '../../components/apps/load-state.tsx';
import { Back, NotFound } from '../../components/apps/not-found.tsx';
import { ScreenshotCard } from '../../components/apps/screenshot-card.tsx';
import { ScriptCard } from '../../components/apps/script-card.tsx';
import { SessionLogCard } from '../../components/apps/session-log-card.tsx';
import { isLive, SessionBadge } from '../../components/apps/session-table.tsx';
import { SessionTrafficCard } from '../../components/apps/session-traffic.tsx';
import { useAppOperations } from '../../components/apps/use-operations.ts';
import { Card } from '../../components/card.tsx';
import { Property, PropertyList } from '../../components/property-list.tsx';
import { Time } from '../../components/time.tsx';
import { useRead } from '../../hooks.ts';
import { formatLatency } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { appHref } from '../../lib/router.ts';
import type { Input, Session } from '../../lib/wire.ts';

type Mode = Input<'PATCH /browser/sessions/{id}'>['body']['mode'];

const MODES: readonly Mode[] = ['record', 'replay', 'offline', 'off'];

/** One session: what it shows, its log and its traffic. */
export function SessionPage({ id }: { id: string }) {
  const polled = useRead('GET /browser/sessions/{id}', { path: { id } }, 'browser:session');
  if (hasCode(polled.error, 'session_not_found')) {
    return (
      <>
        <Back href="#/apps" text={t('All apps')} />
        <NotFound
          heading={t('Session not found')}
          title={t('This session no longer exists')}
          hint={t('It was removed from the list, or the service was restarted.')}
        />
      </>
    );
  }
  if (polled.value !== null) return <Details session={polled.value} />;
  return (
    <Card title={t('Session')}>
      <h1 class="hidden">{t('Session')}</h1>
      <LoadState from={polled} />
    </Card>
  );
}

function Details({ session }: { session: Session }) {
  const operations = useAppOperations();
  const { id, name } = session;
  const live = isLive(session);
  return (
    <>
      <Back href={appHref(session)} text={name} />
      <div class="section-head page-head">
        <h1>{name}</h1>
        <SessionBadge session={session} />
        <div class="actions">
          <button type="button" class="danger" onClick={() => void operations.stop(id, live)}>
            {live ? t('Stop') : t('Remove')}
          </button>
        </div>
      </div>
      <div class="columns">
        <div class="stack">
          <ScreenshotCard session={session} />
          <SessionLogCard key={id} id={id} />
        </div>
        <div class="stack">
          <Identity session={session} />
          {session.can_execute && <ScriptCard id={id} />}
          <SessionTrafficCard id={id} />
        </div>
      </div>
    </>
  );
}

function Identity({ session }: { session: Session }) {
  const operations = useAppOperations();
  const { id, status, reason, mode, profile, created_at, start_seconds, ended_at } = session;
  return (
    <Card title={t('Session')}>
      <PropertyList>
        {reason !== null && (
          <Property name={t('Reason')}>
            <span class={status === 'failed' ? 'error' : ''}>{reason}</span>
          </Property>
        )}
        <Property name={t('Cache mode')}>
          {status === 'running' ? (
            <select
              aria-label={t('Cache mode')}
              value={mode}
              onChange={({ currentTarget }) => void operations.setMode(id, currentTarget.value as Mode)}
            >
              {MODES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          ) : (
            mode
          )}
        </Property>
        <Property name={t('Profile')}>{profile ?? t('none')}</Property>
        <Property name={t('Created')}>
          <Time at={created_at} />
        </Property>
        <Property name={t('Start time')}>{formatLatency(start_seconds)}</Property>
        {ended_at !== null && (
          <Property name={t('Ended')}>
            <Time at={ended_at} />
          </Property>
        )}
      </PropertyList>
    </Card>
  );
}
