import { useRead } from '../../hooks.ts';
import { rankTraffic } from '../../lib/apps/figures.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { SessionTraffic } from '../../lib/wire.ts';
import { Card, EmptyState } from '../card.tsx';
import { FigureTable } from './figure-table.tsx';
import { hasCode, LoadState } from './load-state.tsx';

/** Requests and bytes of a session, in total and by host. */
export function SessionTrafficCard({ id }: { id: string }) {
  const polled = useRead('GET /browser/sessions/{id}/traffic', { path: { id } }, 'browser:traffic');
  const { value, error } = polled;
  return (
    <Card title={t('Traffic')} from={polled}>
      {value !== null ? (
        <>
          <Totals traffic={value} />
          <FigureTable
            columns={[t('Host'), t('Requests'), t('Hits'), t('Upstream')]}
            rows={rankTraffic(value.by_host).map(([name, { requests, hits, bytes_from_upstream }]) => ({
              name,
              figures: [formatCount(requests), formatCount(hits), formatBytes(bytes_from_upstream)],
            }))}
            empty={t('No requests yet')}
          />
        </>
      ) : hasCode(error, 'session_not_running') ? (
        <EmptyState title={t('No requests yet')} />
      ) : (
        <LoadState from={polled} />
      )}
    </Card>
  );
}

function Totals({ traffic }: { traffic: SessionTraffic }) {
  const tiles: [name: string, value: string][] = [
    [t('Hits'), formatCount(traffic.hits)],
    [t('Misses'), formatCount(traffic.misses)],
    [t('Bypasses'), formatCount(traffic.bypasses)],
    [t('Saved'), formatBytes(traffic.bytes_saved)],
    [t('From upstream'), formatBytes(traffic.bytes_from_upstream)],
    [t('Blocked'), formatCount(traffic.blocked)],
    [t('Failures'), formatCount(traffic.failures)],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
