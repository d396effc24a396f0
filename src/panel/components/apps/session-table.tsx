import { STATUS_TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { sessionHref } from '../../lib/router.ts';
import type { Tone } from '../../lib/status-summary.ts';
import type { Session } from '../../lib/wire.ts';
import { Badge } from '../badge.tsx';
import { EmptyState } from '../card.tsx';
import { Since } from '../time.tsx';

const TONES: Record<Session['status'], Tone> = {
  starting: 'idle',
  running: 'good',
  stopping: 'idle',
  completed: 'idle',
  failed: 'bad',
  stopped: 'idle',
};

/** Status of a session. The tooltip says why it has ended. */
export function SessionBadge({ session: { status, reason } }: { session: Session }) {
  return (
    <Badge tone={TONES[status]} {...(reason !== null && { title: reason })}>
      {STATUS_TEXTS[status]()}
    </Badge>
  );
}

/** Whether a session has not ended. */
export function isLive({ status }: Session): boolean {
  return status === 'starting' || status === 'running' || status === 'stopping';
}

/** Sessions, the newest first. On a narrow screen, each is shown as a card. */
export function SessionTable({ sessions }: { sessions: readonly Session[] }) {
  if (sessions.length === 0) {
    return (
      <EmptyState title={t('No sessions')}>
        <p>{t('Start an app to see its sessions here.')}</p>
      </EmptyState>
    );
  }
  return (
    <div class="scroller">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">{t('App')}</th>
            <th scope="col">{t('State')}</th>
            <th scope="col" class="number">
              {t('Started')}
            </th>
            <th scope="col" class="number">
              {t('Requests')}
            </th>
            <th scope="col" class="number">
              {t('Hits')}
            </th>
            <th scope="col" class="number">
              {t('From upstream')}
            </th>
          </tr>
        </thead>
        <tbody>
          {[...sessions].reverse().map((session) => (
            <tr key={session.id}>
              <th scope="row">
                <a href={sessionHref(session.id)} title={session.id}>
                  {session.name}
                </a>
                <span class="muted mono in-workspace">{session.id.slice(0, 6)}</span>
              </th>
              <td data-label={t('State')}>
                <SessionBadge session={session} />
              </td>
              <td class="number" data-label={t('Started')}>
                <Since at={session.created_at} />
              </td>
              <td class="number" data-label={t('Requests')}>
                {formatCount(session.requests)}
              </td>
              <td class="number" data-label={t('Hits')}>
                {formatCount(session.hits)}
              </td>
              <td class="number" data-label={t('From upstream')}>
                {formatBytes(session.bytes_from_upstream)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
