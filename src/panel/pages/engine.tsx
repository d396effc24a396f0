import { useState } from 'preact/hooks';
import { HealthBadge } from '../components/badge.tsx';
import { Card, Empty, Pending } from '../components/card.tsx';
import { ConfirmDelete } from '../components/confirm-delete.tsx';
import { Fact, Facts } from '../components/facts.tsx';
import { Icon } from '../components/icon.tsx';
import { LabelTable } from '../components/label-table.tsx';
import { LogCard } from '../components/log-card.tsx';
import { StreamTable } from '../components/stream-table.tsx';
import { Since, Time } from '../components/time.tsx';
import { useFeed, useService } from '../hooks.ts';
import { toRows } from '../lib/engine-rows.ts';
import { formatBytes, formatPercent, formatRate } from '../lib/format.ts';
import type { Engine } from '../lib/wire.ts';

export function EnginePage({ id }: { id: string }) {
  const { feeds } = useService();
  const engines = useFeed(feeds.engines);
  const engine = engines.value?.find(({ container_id }) => container_id === id);
  return (
    <>
      <a class="back" href="#/engines">
        <Icon name="back" />
        All engines
      </a>
      {engine ? (
        <Details engine={engine} />
      ) : engines.value === null ? (
        <Card title="Engine">
          <Pending from={engines} />
        </Card>
      ) : (
        <>
          <h1>An engine that is gone</h1>
          <Card title={id.slice(0, 12)}>
            <Empty title="There is no such engine any more">
              <p>It was deleted, or it has ended. Recent events on the overview may say why.</p>
            </Empty>
          </Card>
        </>
      )}
    </>
  );
}

function Details({ engine }: { engine: Engine }) {
  const { feeds, throughput } = useService();
  const streams = useFeed(feeds.streams);
  const [deleting, setDeleting] = useState(false);
  const { container_id, container_name, health_status, labels } = engine;
  const own = streams.value?.filter((stream) => stream.container_id === container_id) ?? [];
  const stats = useFeed(feeds.statsAll);
  const [row] = toRows([engine], stats.value ?? {}, throughput);
  const { read, written } = throughput.ofEngine(container_id);
  return (
    <>
      <div class="section-head page-head">
        <h1>{container_name}</h1>
        <HealthBadge health={health_status} />
        <div class="actions">
          <button type="button" class="danger" onClick={() => setDeleting(true)}>
            <Icon name="trash" />
            Delete
          </button>
        </div>
      </div>
      <div class="thirds">
        <Card title="Use" from={stats}>
          <Facts>
            <Fact name="CPU">{formatPercent(row?.cpu ?? null)}</Fact>
            <Fact name="Memory">{formatBytes(row?.memory ?? null)}</Fact>
            <Fact name="Network">
              ↓ {formatRate(row?.rx ?? null)} · ↑ {formatRate(row?.tx ?? null)}
            </Fact>
            <Fact name="Disk">
              {formatRate(read)} read · {formatRate(written)} written
            </Fact>
          </Facts>
        </Card>
        <Identity engine={engine} />
        <Card title="Labels">
          {Object.keys(labels).length === 0 ? <Empty title="It has none" /> : <LabelTable labels={labels} />}
        </Card>
      </div>
      <Card title="Streams" from={streams} class="streams">
        {own.length === 0 ? <Empty title="Nothing plays on it" /> : <StreamTable streams={own} />}
      </Card>
      <LogCard key={container_id} id={container_id} />
      {deleting && <ConfirmDelete engine={engine} onClose={() => setDeleting(false)} />}
    </>
  );
}

function Identity({ engine }: { engine: Engine }) {
  const { host, port, version, platform, engine_variant, vpn_container, forwarded_port } = engine;
  const { container_id, last_health_check, first_seen, started_at } = engine;
  return (
    <Card title="Engine">
      <Facts>
        <Fact name="Id">
          <span class="mono" title={container_id}>
            {container_id.slice(0, 12)}
          </span>
        </Fact>
        <Fact name="Address">
          <span class="mono">
            {host}:{port}
          </span>
        </Fact>
        <Fact name="Version">
          {[version, platform, engine_variant].filter(Boolean).join(' · ') || 'not known'}
        </Fact>
        <Fact name="VPN">
          {vpn_container ?? 'none'}
          {forwarded_port !== null && `, forwarded port ${forwarded_port}`}
        </Fact>
        <Fact name="Age">
          <Since at={started_at ?? first_seen} />
        </Fact>
        <Fact name="Last check">
          {last_health_check === null ? 'not yet' : <Time at={last_health_check} />}
        </Fact>
      </Facts>
    </Card>
  );
}
