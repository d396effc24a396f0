import { useRead } from '../../hooks.ts';
import { rankTraffic } from '../../lib/apps/figures.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import type { SessionTraffic } from '../../lib/wire.ts';
import { Card, EmptyState } from '../card.tsx';
import { FigureTable } from './figure-table.tsx';
import { hasCode, LoadState } from './load-state.tsx';

const T = TEXTS.cache;
const C = T.columns;

/** Requests and bytes of a session, in total and by host. */
export function SessionTrafficCard({ id }: { id: string }) {
  const polled = useRead('GET /browser/sessions/{id}/traffic', { path: { id } }, 'browser:traffic');
  const { value, error } = polled;
  return (
    <Card title={TEXTS.session.traffic} from={polled}>
      {value !== null ? (
        <>
          <Totals traffic={value} />
          <FigureTable
            columns={[C.host, C.requests, C.hits, C.upstream]}
            rows={rankTraffic(value.by_host).map(([name, { requests, hits, bytes_from_upstream }]) => ({
              name,
              figures: [formatCount(requests), formatCount(hits), formatBytes(bytes_from_upstream)],
            }))}
            empty={TEXTS.session.noTraffic}
          />
        </>
      ) : hasCode(error, 'session_not_running') ? (
        <EmptyState title={TEXTS.session.noTraffic} />
      ) : (
        <LoadState from={polled} />
      )}
    </Card>
  );
}

function Totals({ traffic }: { traffic: SessionTraffic }) {
  const tiles: [name: string, value: string][] = [
    [T.hits[0], formatCount(traffic.hits)],
    [T.misses[0], formatCount(traffic.misses)],
    [T.bypasses[0], formatCount(traffic.bypasses)],
    [T.saved[0], formatBytes(traffic.bytes_saved)],
    [T.upstream[0], formatBytes(traffic.bytes_from_upstream)],
    [TEXTS.session.blocked, formatCount(traffic.blocked)],
    [TEXTS.session.failures, formatCount(traffic.failures)],
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
