import { useEffect, useRef } from 'preact/hooks';
import { Header } from './components/header.tsx';
import { KeyDialog } from './components/key-dialog.tsx';
import { Notices } from './components/notices.tsx';
import { OperationList } from './components/operation-list.tsx';
import { useRoute } from './hooks.ts';
import type { Preferences } from './lib/preferences.ts';
import type { Route } from './lib/router.ts';
import { CachePage } from './pages/cache.tsx';
import { EnginePage } from './pages/engine.tsx';
import { EnginesPage } from './pages/engines.tsx';
import { OverviewPage } from './pages/overview.tsx';

const TITLES = { overview: 'Overview', engines: 'Engines', engine: 'Engine', cache: 'Cache' };

export function App({ preferences }: { preferences: Preferences }) {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const shown = useRef<string | undefined>(undefined);
  const place = route.page === 'engine' ? route.id : route.page;
  const title = TITLES[route.page];
  useEffect(() => {
    document.title = `${title} · Roundhouse`;
    // Screen readers and the keyboard go on at the new page, not where the old one was left.
    if (shown.current !== undefined && shown.current !== place) main.current?.focus();
    shown.current = place;
  }, [place, title]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header page={route.page} preferences={preferences} />
      <Notices />
      <main id="main" ref={main} tabIndex={-1} key={place}>
        <Page route={route} preferences={preferences} />
      </main>
      <OperationList />
      <KeyDialog />
    </>
  );
}

function Page({ route, preferences }: { route: Route; preferences: Preferences }) {
  if (route.page === 'engines') return <EnginesPage />;
  if (route.page === 'engine') return <EnginePage id={route.id} />;
  if (route.page === 'cache') return <CachePage windowS={preferences.windowS} />;
  return <OverviewPage windowS={preferences.windowS} />;
}
