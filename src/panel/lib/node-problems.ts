import { plural } from './format.ts';
import { t } from './i18n.ts';
import { describeNode, isMissed, isSilent } from './nodes.ts';
import type { Problem } from './problems.ts';
import type { Health, Node } from './wire.ts';

/** An agent that is replaced, or a node that becomes lost, is silent for less. */
const AGENT_SILENT_MS = 10_000;
const NODES_PAGE = '#/nodes';

/** Problems of a Swarm: managers, nodes and agents that do not respond. */
export function nodeProblems(health: Health, nodes: readonly Node[], now: number): Problem[] {
  return [ofManagers(health), ofNodes(nodes), ofAgents(nodes, now)].filter((problem) => problem !== null);
}

/** For a minute, the agents keep the engines current. After that, the runtime is unavailable. */
function ofManagers({ runtime: { available, managers } }: Health): Problem | null {
  if (!available || managers === null || managers.available) return null;
  return {
    id: 'managers',
    tone: 'warn',
    title: t('No manager of the Swarm responds'),
    cause: managers.unavailable_reason ?? '',
    since: toMs(managers.unavailable_since),
    advice: t(
      'Engines keep running, but none can be started or removed. Check that most of the managers run, and that DOCKER_HOST lists them.',
    ),
    href: NODES_PAGE,
  };
}

function ofNodes(nodes: readonly Node[]): Problem | null {
  const missed = nodes.filter(isMissed);
  const [first] = missed;
  if (!first) return null;
  const isUsable = ({ state, availability }: Node) => state === 'ready' && availability === 'active';
  const { name } = first;
  const isOne = missed.length === 1;
  return {
    id: 'nodes',
    tone: nodes.some(isUsable) ? 'warn' : 'bad',
    title: isOne
      ? first.state === 'lost'
        ? t('Node {name} is lost', { name })
        : t('Node {name} is down', { name })
      : t('{n} of {nodes} do not respond', { n: missed.length, nodes: plural(nodes.length, 'node') }),
    cause: isOne ? describeNode(first).title : namesOf(missed),
    since: earliest(missed.map(({ state_since }) => state_since)),
    advice: t(
      'Engines are started on other nodes that have room. Check the machine and its network, or remove it: docker node rm {name}',
      { name },
    ),
    href: NODES_PAGE,
  };
}

function ofAgents(nodes: readonly Node[], now: number): Problem | null {
  const silent = nodes.filter(
    (node) => isSilent(node) && now - (toMs(node.agent_since) ?? now) >= AGENT_SILENT_MS,
  );
  const [first] = silent;
  if (!first) return null;
  const engines = silent.reduce((sum, node) => sum + node.engines.length, 0);
  const usage = t('The usage of {engines} is not current', { engines: plural(engines, 'engine') });
  const causes = [...(silent.length > 1 ? [namesOf(silent)] : []), ...(engines > 0 ? [usage] : [])];
  return {
    id: 'agents',
    tone: 'warn',
    title:
      silent.length === 1
        ? t('The agent of node {name} does not respond', { name: first.name })
        : t('The agents of {nodes} do not respond', { nodes: plural(silent.length, 'node') }),
    cause: causes.join('. '),
    since: earliest(silent.flatMap(({ agent_since }) => agent_since ?? [])),
    advice: t(
      'Engines keep running. Check the tasks of the agents (docker service ps), and the network between the nodes.',
    ),
    href: NODES_PAGE,
  };
}

function namesOf(nodes: readonly Node[]): string {
  const names = nodes.slice(0, 3).map(({ name }) => name);
  const more = nodes.length - names.length;
  return more > 0 ? t('{names} and {more} more', { names: names.join(', '), more }) : names.join(', ');
}

function earliest(times: readonly string[]): number | null {
  return times.length === 0 ? null : Math.min(...times.map((time) => Date.parse(time)));
}

function toMs(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
