import { LoadState } from '../../components/apps/load-state.tsx';
import { Tabs } from '../../components/apps/tabs.tsx';
import { Card, EmptyState } from '../../components/card.tsx';
import { Time } from '../../components/time.tsx';
import { useRead } from '../../hooks.ts';
import { formatBytes, formatCount, plural } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { profileHref } from '../../lib/router.ts';
import type { ProfileSummary } from '../../lib/wire.ts';

/** The browser profiles of all workspaces. */
export function ProfilesPage() {
  const polled = useRead('GET /profiles', {}, 'browser:profiles');
  const profiles = polled.value;
  return (
    <>
      <div class="section-head page-head">
        <h1>{t('Profiles')}</h1>
        <Tabs current="profiles" />
      </div>
      <Card title={profiles === null ? t('Profiles') : plural(profiles.length, 'profile')} from={polled}>
        {profiles === null ? (
          <LoadState from={polled} />
        ) : profiles.length === 0 ? (
          <EmptyState title={t('No profiles')}>
            <p>{t('A session that is started with a profile saves one when it ends.')}</p>
          </EmptyState>
        ) : (
          <ProfileTable profiles={profiles} />
        )}
      </Card>
    </>
  );
}

function ProfileTable({ profiles }: { profiles: readonly ProfileSummary[] }) {
  return (
    <div class="scroller">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">{t('Profile')}</th>
            <th scope="col">{t('Workspace')}</th>
            <th scope="col" class="number">
              {t('Versions')}
            </th>
            <th scope="col" class="number">
              {t('Size')}
            </th>
            <th scope="col" class="number">
              {t('Saved')}
            </th>
          </tr>
        </thead>
        <tbody>
          {profiles.map((profile) => (
            <tr key={profileHref(profile)}>
              <th scope="row">
                <a href={profileHref(profile)}>{profile.session}</a>
              </th>
              <td data-label={t('Workspace')} class="clip" title={profile.user}>
                {profile.user}
              </td>
              <td class="number" data-label={t('Versions')}>
                {formatCount(profile.version_count)}
              </td>
              <td class="number" data-label={t('Size')}>
                {formatBytes(profile.bytes)}
              </td>
              <td class="number" data-label={t('Saved')}>
                <Time at={profile.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
