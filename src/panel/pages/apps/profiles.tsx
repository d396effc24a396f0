import { LoadState } from '../../components/apps/load-state.tsx';
import { Tabs } from '../../components/apps/tabs.tsx';
import { Card, EmptyState } from '../../components/card.tsx';
import { Time } from '../../components/time.tsx';
import { useRead } from '../../hooks.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, plural } from '../../lib/format.ts';
import { profileHref } from '../../lib/router.ts';
import type { ProfileSummary } from '../../lib/wire.ts';

const T = TEXTS.profiles;
const C = T.columns;

/** The browser profiles of all workspaces. */
export function ProfilesPage() {
  const polled = useRead('GET /profiles', {}, 'browser:profiles');
  const profiles = polled.value;
  return (
    <>
      <div class="section-head page-head">
        <h1>{T.title}</h1>
        <Tabs current="profiles" />
      </div>
      <Card title={profiles === null ? T.title : plural(profiles.length, 'profile')} from={polled}>
        {profiles === null ? (
          <LoadState from={polled} />
        ) : profiles.length === 0 ? (
          <EmptyState title={T.none}>
            <p>{T.noneHint}</p>
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
            <th scope="col">{C.profile}</th>
            <th scope="col">{C.workspace}</th>
            <th scope="col" class="number">
              {C.versions}
            </th>
            <th scope="col" class="number">
              {C.size}
            </th>
            <th scope="col" class="number">
              {C.saved}
            </th>
          </tr>
        </thead>
        <tbody>
          {profiles.map((profile) => (
            <tr key={profileHref(profile)}>
              <th scope="row">
                <a href={profileHref(profile)}>{profile.session}</a>
              </th>
              <td data-label={C.workspace} class="clip" title={profile.user}>
                {profile.user}
              </td>
              <td class="number" data-label={C.versions}>
                {formatCount(profile.version_count)}
              </td>
              <td class="number" data-label={C.size}>
                {formatBytes(profile.bytes)}
              </td>
              <td class="number" data-label={C.saved}>
                <Time at={profile.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
