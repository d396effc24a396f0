import { useNodes } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { enginesOfNodeHref, sortNodeRows, toNodeRows } from '../lib/nodes.ts';
import { Card, Loading } from './card.tsx';
import { NodeBadge } from './node-badges.tsx';
import { Property, PropertyList } from './property-list.tsx';

const MAX_NODES = 6;

/** The nodes of a Swarm in short, those with problems first. */
export function NodesCard() {
  const nodes = useNodes();
  const rows = sortNodeRows(toNodeRows(nodes.value ?? [], [], {}), { column: 'state', descending: false });
  return (
    <Card title={t('Nodes')} from={nodes} aside={<a href="#/nodes">{t('All nodes')}</a>}>
      {nodes.value === null ? (
        <Loading from={nodes} />
      ) : (
        <PropertyList>
          {rows.slice(0, MAX_NODES).map(({ node }) => (
            <Property key={node.id} name={<a href={enginesOfNodeHref(node.id)}>{node.name}</a>}>
              <span class="muted">{plural(node.engines.length, 'engine')}</span> <NodeBadge node={node} />
            </Property>
          ))}
        </PropertyList>
      )}
      {rows.length > MAX_NODES && <p class="hint">{t('and {n} more', { n: rows.length - MAX_NODES })}</p>}
    </Card>
  );
}
