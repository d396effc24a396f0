import { t } from '../lib/i18n.ts';
import { describeNode, isAbsent } from '../lib/nodes.ts';
import type { Node } from '../lib/wire.ts';
import { Badge } from './badge.tsx';
import { Since } from './time.tsx';

/** State of a node, and since when, if it does not respond. */
export function NodeBadge({ node }: { node: Node }) {
  const { tone, text, title } = describeNode(node);
  return (
    <Badge tone={tone} title={title}>
      {text}
      {tone === 'bad' && (
        <span>
          {t('for')} <Since at={node.state_since} />
        </span>
      )}
    </Badge>
  );
}

/** State of the agent of a node, and since when, if it is silent. */
export function AgentBadge({ node }: { node: Node }) {
  const { agent, agent_since, agent_version } = node;
  if (agent === 'not_configured') return <span class="muted">{t('None')}</span>;
  if (agent === 'connected')
    return (
      <Badge
        tone="good"
        title={agent_version === null ? '' : t('Version {version}', { version: agent_version })}
      >
        {t('Responding')}
      </Badge>
    );
  // The node is the problem, not its agent.
  const tone = isAbsent(node) || node.availability === 'drain' ? 'idle' : 'warn';
  if (agent === 'missing' || agent_since === null)
    return (
      <Badge tone={tone} title={t('No agent of this node has ever responded')}>
        {t('Missing')}
      </Badge>
    );
  return (
    <Badge tone={tone} title={t('The usage of its engines is not current')}>
      <span>
        {t('Silent for')} <Since at={agent_since} />
      </span>
    </Badge>
  );
}
