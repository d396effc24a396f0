import { useEffect, useRef } from 'preact/hooks';
import { ApiKeyDialog } from './components/api-key-dialog.tsx';
import { Banner } from './components/banner.tsx';
import { Header } from './components/header.tsx';
import { LazyPage } from './components/lazy-page.tsx';
import { OperationList } from './components/operation-list.tsx';
import { TabState } from './components/tab-state.tsx';
import { useClient, useRoute, useStore } from './hooks.ts';
import { t } from './lib/i18n.ts';
import type { Preferences } from './lib/preferences.ts';
import type { Route } from './lib/router.ts';
import { CachePage } from './pages/cache.tsx';
import { EnginePage } from './pages/engine.tsx';
import { EnginesPage } from './pages/engines.tsx';
import { EventsPage } from './pages/events.tsx';
import { LoginPage } from './pages/login.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { SettingsPage } from './pages/settings.tsx';

const TITLES = {
  overview: () => t('Overview'),
  engines: () => t('Engines'),
  engine: () => t('Engine'),
  nodes: () => t('Nodes'),
  events: () => t('Events'),
  cache: () => t('Cache'),
  settings: () => t('Settings'),
  apps: () => t('Apps'),
  app: () => t('App'),
  session: () => t('Session'),
  profiles: () => t('Profiles'),
  profile: () => t('Profile'),
};

/** The panel: header, the page that the URL names, and dialogs. */
export function App({ preferences }: { preferences: Preferences }) {
  const route = useRoute();
  const locked = useStore(useClient().keyRequired);
  const main = useRef<HTMLElement>(null);
  const previousPath = useRef<string | undefined>(undefined);
  const path = Object.values(route).join('/');
  const title = TITLES[route.page]();
  useEffect(() => {
    // Moves screen readers and the keyboard to the beginning of the new page, whose top is below the header.
    if (previousPath.current !== undefined && previousPath.current !== path) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    previousPath.current = path;
  }, [path]);
  return (
    <>
      <TabState title={title} />
      <button type="button" class="skip" onClick={() => main.current?.focus({ preventScroll: true })}>
        {t('Skip to content')}
      </button>
      <Header page={route.page} preferences={preferences} />
      <Banner />
      <main id="main" ref={main} tabIndex={-1} key={path}>
        {locked ? <LoginPage /> : <Page route={route} preferences={preferences} />}
      </main>
      <OperationList />
      <ApiKeyDialog />
    </>
  );
}

function Page({ route, preferences }: { route: Route; preferences: Preferences }) {
  if (route.page === 'engines') return <EnginesPage />;
  if (route.page === 'engine') return <EnginePage id={route.id} windowS={preferences.windowS} />;
  if (route.page === 'events') return <EventsPage />;
  if (route.page === 'cache') return <CachePage windowS={preferences.windowS} />;
  if (route.page === 'settings') return <SettingsPage />;
  if (route.page === 'overview') return <OverviewPage windowS={preferences.windowS} />;
  if (route.page === 'nodes')
    return (
      <LazyPage
        key="nodes"
        load={() => import('./pages/nodes.tsx')}
        show={({ NodesPage }) => <NodesPage />}
      />
    );
  return (
    <LazyPage
      load={() => import('./pages/browser-apps.tsx')}
      show={({ BrowserAppsPage }) => <BrowserAppsPage route={route} windowS={preferences.windowS} />}
    />
  );
}
