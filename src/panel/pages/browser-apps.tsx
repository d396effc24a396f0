import { KeyGate } from '../components/apps/key-gate.tsx';
import type { AppsRoute } from '../lib/router.ts';
import type { Store } from '../lib/store.ts';
import { AppPage } from './apps/app.tsx';
import { AppsPage } from './apps/apps.tsx';
import { ProfilePage } from './apps/profile.tsx';
import { ProfilesPage } from './apps/profiles.tsx';
import { SessionPage } from './apps/session.tsx';
import '../styles/apps.css';

/** The pages about browser apps. All of them need the API key. */
export function BrowserAppsPage({ route, windowS }: { route: AppsRoute; windowS: Store<number> }) {
  return (
    <KeyGate>
      <Page route={route} windowS={windowS} />
    </KeyGate>
  );
}

function Page({ route, windowS }: { route: AppsRoute; windowS: Store<number> }) {
  if (route.page === 'app') return <AppPage workspace={route.workspace} app={route.app} windowS={windowS} />;
  if (route.page === 'session') return <SessionPage id={route.id} />;
  if (route.page === 'profiles') return <ProfilesPage />;
  if (route.page === 'profile') return <ProfilePage user={route.user} session={route.session} />;
  return <AppsPage />;
}
