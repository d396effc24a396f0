import { useState } from 'preact/hooks';
import { HealthBadge } from '../components/badge.tsx';
import { Card, EmptyState, Loading } from '../components/card.tsx';
import { EngineActionDialog } from '../components/engine-action-dialog.tsx';
import { EngineCharts } from '../components/engine-charts.tsx';
import { Icon } from '../components/icon.tsx';
import { LabelTable } from '../components/label-table.tsx';
import { LogCard } from '../components/log-card.tsx';
import { Property, PropertyList } from '../components/property-list.tsx';
import { StreamTable } from '../components/stream-table.tsx';
import { Since, Time } from '../components/time.tsx';
import { TimeRangePicker } from '../components/time-range-picker.tsx';
import { useClient, usePolled } from '../hooks.ts';
import { toRows } from '../lib/engine-rows.ts';
import { formatBytes, formatPercent, formatRate } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { enginesOfNodeHref } from '../lib/nodes.ts';
import type { Store } from '../lib/store.ts';
import type { Engine } from '../lib/wire.ts';

/** One engine: usage, labels, streams and log. */
export function EnginePage({ id, windowS }: { id: string; windowS: Store<number> }) {
  const { resources } = useClient();
  const engines = usePolled(resources.engines);
  const engine = engines.value?.find(({ container_id }) => container_id === id);
  return (
    <>
      <a class="back" href="#/engines">
        <Icon name="back" />
        {t('All engines')}
      </a>
      {engine ? (
        <Details engine={engine} windowS={windowS} />
      ) : engines.value === null ? (
        <Card title={t('Engine')}>
          <Loading from={engines} />
        </Card>
      ) : (
        <>
          <h1>{t('Engine not found')}</h1>
          <Card title={id.slice(0, 12)}>
            <EmptyState title={t('This engine no longer exists')}>
              <p>
                {t('It was deleted, restarted or it stopped.')}{' '}
                <a href={`#/events?engine=${encodeURIComponent(id)}`}>{t('Its events say why.')}</a>
              </p>
            </EmptyState>
          </Card>
        </>
      )}
    </>
  );
}

function Details({ engine, windowS }: { engine: Engine; windowS: Store<number> }) {
  const { resources, throughput } = useClient();
  const streams = usePolled(resources.streams);
  const [action, setAction] = useState<'restart' | 'delete' | null>(null);
  const { container_id, container_name, health_status, paused, labels } = engine;
  const own = streams.value?.filter((stream) => stream.container_id === container_id) ?? [];
  const stats = usePolled(resources.statsAll);
  const [row] = toRows([engine], stats.value ?? {}, throughput);
  const { read, written } = throughput.ofEngine(container_id);
  return (
    <>
      <div class="section-head page-head">
        <h1>{container_name}</h1>
        <HealthBadge health={health_status} paused={paused} />
        <div class="actions">
          <button type="button" onClick={() => setAction('restart')}>
            <Icon name="restart" />
            {t('Restart')}
          </button>
          <button type="button" class="danger" onClick={() => setAction('delete')}>
            <Icon name="trash" />
            {t('Delete')}
          </button>
        </div>
      </div>
      <div class="thirds">
        <Card
          title={t('Usage')}
          from={stats}
          aside={
            row?.stale && (
              <span
                class="data-age"
                title={t('Latest figures: the agent of its node has sent no newer ones')}
              >
                {t('not current')}
              </span>
            )
          }
        >
          <PropertyList>
            <Property name={t('CPU')}>{formatPercent(row?.cpu ?? null)}</Property>
            <Property name={t('Memory')}>{formatBytes(row?.memory ?? null)}</Property>
            <Property name={t('Network')}>
              ↓ {formatRate(row?.rx ?? null)} · ↑ {formatRate(row?.tx ?? null)}
            </Property>
            <Property name={t('Disk')}>
              {t('{read} read · {written} written', { read: formatRate(read), written: formatRate(written) })}
            </Property>
          </PropertyList>
        </Card>
        <Identity engine={engine} />
        <Card title={t('Labels')}>
          {Object.keys(labels).length === 0 ? (
            <EmptyState title={t('No labels')} />
          ) : (
            <LabelTable labels={labels} />
          )}
        </Card>
      </div>
      <div class="section-head">
        <h2>{t('Usage over time')}</h2>
        <TimeRangePicker windowS={windowS} />
      </div>
      {row && <EngineCharts key={container_id} row={row} windowS={windowS} />}
      <Card title={t('Streams')} from={streams} class="streams">
        {own.length === 0 ? <EmptyState title={t('No active streams')} /> : <StreamTable streams={own} />}
      </Card>
      <LogCard key={container_id} id={container_id} name={container_name} />
      {action && <EngineActionDialog action={action} engines={[engine]} onClose={() => setAction(null)} />}
    </>
  );
}

function Identity({ engine }: { engine: Engine }) {
  const { node, host, port, version, platform, engine_variant, vpn_container, forwarded_port } = engine;
  const { container_id, last_health_check, first_seen, started_at } = engine;
  return (
    <Card title={t('Engine')}>
      <PropertyList>
        <Property name={t('ID')}>
          <span class="mono" title={container_id}>
            {container_id.slice(0, 12)}
          </span>
        </Property>
        <Property name={t('Address')}>
          <span class="mono">
            {host}:{port}
          </span>
        </Property>
        <Property name={t('Version')}>
          {[version, platform, engine_variant].filter(Boolean).join(' · ') || t('Unknown')}
        </Property>
        {node ? (
          <Property name={t('Node')}>
            <a href={enginesOfNodeHref(node.id)}>{node.name}</a>
          </Property>
        ) : (
          <Property name={t('VPN')}>
            {vpn_container ?? t('None')}
            {forwarded_port !== null && t(', forwarded port {port}', { port: forwarded_port })}
          </Property>
        )}
        <Property name={t('Age')}>
          <Since at={started_at ?? first_seen} />
        </Property>
        <Property name={t('Last check')}>
          {last_health_check === null ? t('Not yet') : <Time at={last_health_check} />}
        </Property>
      </PropertyList>
    </Card>
  );
}
