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
import { formatCount } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { Store } from '../../lib/store.ts';
import type { AppDetails } from '../../lib/wire.ts';

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
      <Back href="#/apps" text={t('All apps')} />
      {isGone ? (
        <NotFound
          heading={t('App not found')}
          title={t('This app is not installed')}
          hint={t('It was uninstalled, or the link has another workspace or id.')}
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
            {t('Start')}
          </button>
          <button type="button" onClick={() => setOpen('start')}>
            {t('Start with options …')}
          </button>
          <button type="button" class="danger" onClick={() => setOpen('uninstall')}>
            {t('Uninstall')}
          </button>
        </div>
      </div>
      <Card
        title={t('Cache since the start of the service')}
        from={cache}
        class="tiles-card"
        aside={
          stats && (
            <span class="muted">
              {t('{n} stored', { n: formatCount(stats.entry_count) })}
              {stats.recording && `, ${t('recording')}`}
            </span>
          )
        }
      >
        {stats ? <CacheFigures cache={stats} /> : pending}
      </Card>
      <div class="section-head">
        <h2>{t('Over time')}</h2>
        <TimeRangePicker windowS={windowS} />
      </div>
      <TrafficCharts path={path} windowS={windowS} />
      <Card title={t('Sessions')} from={sessions}>
        {own ? <SessionTable sessions={own} /> : <LoadState from={sessions} />}
      </Card>
      <div class="columns">
        <div class="stack">
          <Card title={t('Rules')} from={cache}>
            {stats ? <RuleTable manifest={app.manifest} cache={stats} /> : pending}
          </Card>
          <Card title={t('Most requested')} from={cache}>
            {stats ? <TopResources cache={stats} /> : pending}
          </Card>
          <EntriesCard path={path} count={stats?.entry_count ?? 0} />
        </div>
        <div class="stack">
          <Card title={t('Start times')} from={cache}>
            {stats ? <StartTimes starts={stats.starts} /> : pending}
          </Card>
          <Card title={t('Bypasses by reason')} from={cache}>
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
