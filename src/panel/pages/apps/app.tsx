import { useState } from 'preact/hooks';
import { AppIdentity } from '../../components/apps/app-identity.tsx';
import { CacheFigures } from '../../components/apps/cache-figures.tsx';
import { BypassTable, RuleTable, TopResources } from '../../components/apps/cache-tables.tsx';
import { EntriesCard } from '../../components/apps/entries-card.tsx';
import { ExplainCard } from '../../components/apps/explain-card.tsx';
import { hasCode, LoadState } from '../../components/apps/load-state.tsx';
import { Back, NotFound } from '../../components/apps/not-found.tsx';
import { SessionTable } from '../../components/apps/session-table.tsx';
import { StartDialog } from '../../components/apps/start-dialog.tsx';
import { StartTimes } from '../../components/apps/start-times.tsx';
import { TrafficCharts } from '../../components/apps/traffic-charts.tsx';
import { UninstallDialog } from '../../components/apps/uninstall-dialog.tsx';
import { useAppOperations } from '../../components/apps/use-operations.ts';
import { WarmCard } from '../../components/apps/warm-card.tsx';
import { Card } from '../../components/card.tsx';
import { TimeRangePicker } from '../../components/time-range-picker.tsx';
import { useRead } from '../../hooks.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatCount } from '../../lib/format.ts';
import type { Store } from '../../lib/store.ts';
import type { AppDetails } from '../../lib/wire.ts';

const T = TEXTS.cache;

interface AppPageProps {
  workspace: string;
  app: string;
  windowS: Store<number>;
}

/** One app: its cache, rules, stored responses and sessions. */
export function AppPage({ workspace, app, windowS }: AppPageProps) {
  const path = { workspace, app };
  const polled = useRead('GET /apps/{workspace}/{app}', { path }, 'apps:one');
  // An app that was uninstalled is still the last value.
  const isGone = hasCode(polled.error, 'app_not_found');
  return (
    <>
      <Back href="#/apps" text={TEXTS.apps.all} />
      {isGone ? (
        <NotFound
          heading={TEXTS.apps.notFound}
          title={TEXTS.apps.notFoundTitle}
          hint={TEXTS.apps.notFoundHint}
        />
      ) : polled.value === null ? (
        <Card title={app}>
          <h1 class="hidden">{app}</h1>
          <LoadState from={polled} />
        </Card>
      ) : (
        <Details app={polled.value} path={path} windowS={windowS} />
      )}
    </>
  );
}

interface DetailsProps {
  app: AppDetails;
  path: { workspace: string; app: string };
  windowS: Store<number>;
}

function Details({ app, path, windowS }: DetailsProps) {
  const cache = useRead('GET /apps/{workspace}/{app}/cache', { path }, 'apps:cache');
  const sessions = useRead('GET /browser/sessions', {}, 'browser:sessions');
  const operations = useAppOperations();
  const [open, setOpen] = useState<'start' | 'uninstall' | null>(null);
  const close = () => setOpen(null);
  const own = sessions.value?.filter(
    ({ workspace, app_id }) => workspace === app.workspace && app_id === app.app_id,
  );
  const stats = cache.value;
  const pending = <LoadState from={cache} />;
  return (
    <>
      <div class="section-head page-head">
        <h1>{app.name}</h1>
        <div class="actions">
          <button type="button" class="primary" onClick={() => void operations.start(path, app.name, {})}>
            {TEXTS.actions.start}
          </button>
          <button type="button" onClick={() => setOpen('start')}>
            {TEXTS.actions.startWith}
          </button>
          <button type="button" class="danger" onClick={() => setOpen('uninstall')}>
            {TEXTS.actions.uninstall}
          </button>
        </div>
      </div>
      <Card
        title={T.title}
        from={cache}
        class="tiles-card"
        aside={
          stats && (
            <span class="muted">
              {T.entries(formatCount(stats.entry_count))}
              {stats.recording && `, ${T.recording}`}
            </span>
          )
        }
      >
        {stats ? <CacheFigures cache={stats} /> : pending}
      </Card>
      <div class="section-head">
        <h2>{T.overTime}</h2>
        <TimeRangePicker windowS={windowS} />
      </div>
      <TrafficCharts path={path} windowS={windowS} />
      <Card title={TEXTS.sessions.title} from={sessions}>
        {own ? <SessionTable sessions={own} /> : <LoadState from={sessions} />}
      </Card>
      <div class="columns">
        <div class="stack">
          <Card title={T.rules} from={cache}>
            {stats ? <RuleTable manifest={app.manifest} cache={stats} /> : pending}
          </Card>
          <Card title={T.top} from={cache}>
            {stats ? <TopResources cache={stats} /> : pending}
          </Card>
          <EntriesCard path={path} count={stats?.entry_count ?? 0} />
        </div>
        <div class="stack">
          <Card title={T.starts} from={cache}>
            {stats ? <StartTimes starts={stats.starts} /> : pending}
          </Card>
          <Card title={T.bypassReasons} from={cache}>
            {stats ? <BypassTable cache={stats} /> : pending}
          </Card>
          <ExplainCard path={path} />
          <WarmCard path={path} />
          <AppIdentity app={app} />
        </div>
      </div>
      {open === 'start' && <StartDialog path={path} name={app.name} onClose={close} />}
      {open === 'uninstall' && <UninstallDialog app={app} onClose={close} />}
    </>
  );
}
