import type { DomainEvent } from '../events/events.ts';
import type { Category, EventDescription, EventType } from './records.ts';
import type { SubjectNames } from './subject-names.ts';

type EventOf<Type extends DomainEvent['type']> = Extract<DomainEvent, { type: Type }>;

/** Error messages of a runtime can have any length. */
const MAX_TEXT_LENGTH = 500;

/** Names of the subjects of events. */
type Names = Pick<SubjectNames, 'engine' | 'stream'>;

const NO_NAMES: Names = { engine: () => undefined, stream: () => undefined };

type EngineChange = EventOf<'engine_changed'>;

/** Type, category and predicate for each kind of change of an engine. */
const CHANGES: Record<
  EngineChange['change'],
  (event: EngineChange) => readonly [EventType, Category, string]
> = {
  health: ({ health }) => {
    if (health === 'healthy') return ['health', 'recovered', 'is healthy'];
    if (health === 'unhealthy') return ['health', 'failed', 'is unhealthy'];
    return ['health', 'warning', 'has unknown health'];
  },
  deleting: ({ deleting }) =>
    deleting ? ['engine', 'deleting', 'is being deleted'] : ['engine', 'failed', 'could not be deleted'],
  paused: ({ paused }) =>
    paused ? ['engine', 'paused', 'is paused'] : ['engine', 'resumed', 'runs again after a pause'],
  forwarded: ({ forwarded }) => [
    'engine',
    'forwarded',
    `${forwarded ? 'uses' : 'no longer uses'} the forwarded port of its VPN`,
  ],
};

/** Our own reasons for the end of a stream. Others are words of its client. */
const END_REASONS: Readonly<Record<string, string>> = {
  engine_stopped: 'its engine stopped',
  node_lost: 'the node of its engine was lost',
  session_gone: 'its engine no longer has the session',
  forgotten: 'too many streams were started without an end',
};

/** Category and predicate for each state of a session. */
const SESSION_CHANGES: Record<EventOf<'session_changed'>['status'], readonly [Category, string]> = {
  starting: ['starting', 'is starting'],
  running: ['started', 'is running'],
  stopping: ['stopping', 'is stopping'],
  completed: ['completed', 'has completed'],
  failed: ['failed', 'has failed'],
  stopped: ['ended', 'has ended'],
};

/** Description of each domain event. The mapped type makes a missing one a compile error. */
const DESCRIPTIONS: {
  [Type in DomainEvent['type']]: (event: EventOf<Type>, names: Names) => EventDescription;
} = {
  engine_started: ({ engineId }, names) => ofEngine(['engine', 'created', 'is running'], engineId, names),
  engine_stopped: ({ engineId, reason, exitCode, outOfMemory }, names) =>
    ofEngine(
      reason === 'deleted'
        ? ['engine', 'deleted', 'was deleted']
        : reason === 'restarted'
          ? ['engine', 'restarted', 'is being restarted']
          : [
              'engine',
              'failed',
              reason === 'node_lost'
                ? 'was lost with its node'
                : `is no longer running${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`,
            ],
      engineId,
      names,
      { reason, ...(exitCode !== undefined && { exitCode }), ...(outOfMemory && { outOfMemory }) },
    ),
  engine_changed: (event, names) => {
    const { engineId, change, health, deleting, forwarded, paused } = event;
    return ofEngine(CHANGES[change](event), engineId, names, { change, health, deleting, forwarded, paused });
  },
  node_changed: (event) => {
    const { nodeId: node, name, state, availability, agent } = event;
    const details = { node, name, state, availability, agent };
    return ofService('system', nodeCategory(event), nodeText(event), details);
  },
  managers_changed: ({ reason }) =>
    reason === null
      ? ofService('system', 'connected', 'A manager of the Swarm responds again')
      : ofService('system', 'disconnected', 'No manager of the Swarm responds', {
          reason: reason.slice(0, MAX_TEXT_LENGTH),
        }),
  runtime_connected: () => ofService('system', 'connected', 'Engine runtime connected'),
  runtime_disconnected: ({ reason }) =>
    ofService('system', 'disconnected', 'Engine runtime disconnected', {
      reason: reason.slice(0, MAX_TEXT_LENGTH),
    }),
  vpn_changed: ({ vpn, connected }) => {
    const what = connected ? 'connected' : 'disconnected';
    return ofService('vpn', what, `VPN ${vpn} ${what}`, { vpn, connected });
  },
  vpn_emergency: ({ active, failedVpn, healthyVpn }) =>
    ofService('vpn', active ? 'failed' : 'recovered', emergencyText(active, failedVpn, healthyVpn), {
      active,
      failedVpn,
      healthyVpn,
    }),
  vpn_restarted: ({ vpn }) =>
    ofService('vpn', 'restarted', `VPN ${vpn} stayed unhealthy and is being restarted`, { vpn }),
  breaker_changed: ({ breaker, state }) =>
    ofService('system', 'circuit_breaker', `The ${breaker} circuit breaker is ${state.replace('_', ' ')}`, {
      breaker,
      state,
    }),
  leadership_changed: ({ leading, term }) =>
    ofService('system', 'leadership', `This orchestrator is ${leading ? 'now' : 'no longer'} the leader`, {
      leading,
      term,
    }),
  stream_started: ({ streamId, engineId }, names) => ofStream('started', streamId, engineId, names),
  stream_ended: ({ streamId, engineId, reason }, names) =>
    ofStream('ended', streamId, engineId, names, reason),
  app_installed: (event) => ofApp('installed', event, `App ${nameOf(event)} was installed`),
  app_uninstalled: (event) => ofApp('uninstalled', event, `App ${nameOf(event)} was uninstalled`),
  app_cache_cleared: (event) =>
    ofApp('cache_cleared', event, `The cache of the app ${nameOf(event)} was cleared`),
  app_warmed: (event) =>
    ofApp(
      event.succeeded ? 'warmed' : 'failed',
      event,
      `The cache of the app ${nameOf(event)} ${event.succeeded ? 'was' : 'could not be'} warmed`,
      { succeeded: event.succeeded },
    ),
  profile_changed: ({ user, profile, change }) => ({
    ...{ type: 'app', category: change === 'deleted' ? 'deleted' : 'restored', containerId: null },
    ...{ streamId: null, message: `Profile ${user}/${profile} was ${change.replace('_', ' ')}` },
    details: { user, profile, change },
  }),
  session_changed: (event) => {
    const [category, predicate] = SESSION_CHANGES[event.status];
    const message = `Session ${event.sessionId} of the app ${nameOf(event)} ${predicate}`;
    return ofApp(category, event, message, { session: event.sessionId, status: event.status });
  },
  settings_changed: ({ names }) => ofService('system', 'settings', `Settings changed: ${names}`, { names }),
  streams_restored: ({ started }) =>
    ofService('stream', 'restored', `Streams restored after a restart: ${started} active`, { started }),
};

/** Turns a domain event into a log entry. */
export function describeEvent(event: DomainEvent, names: Names = NO_NAMES): EventDescription {
  const describe = DESCRIPTIONS[event.type] as (event: DomainEvent, names: Names) => EventDescription;
  return describe(event, names);
}

type NodeChange = EventOf<'node_changed'>;

function nodeCategory({ state, agent }: NodeChange): Category {
  if (['down', 'lost'].includes(state)) return 'failed';
  return agent === 'unreachable' || state === 'disconnected' ? 'disconnected' : 'connected';
}

function nodeText({ name, state, availability, agent }: NodeChange): string {
  const use = { drain: ' and drained', pause: ' and gets no new engines' }[availability] ?? '';
  const agents = {
    connected: '; its agent responds',
    unreachable: '; its agent does not respond',
    missing: '; it has no agent',
    not_configured: '',
  };
  return `Node ${name} is ${state}${use}${agents[agent]}`;
}

function emergencyText(active: boolean, failedVpn: string, healthyVpn: string | null): string {
  if (!active) return 'Both VPNs are connected again';
  if (healthyVpn === null) return 'Both VPNs have failed';
  return `VPN ${failedVpn} has failed; new engines use ${healthyVpn}`;
}

function ofEngine(
  [type, category, predicate]: readonly [EventType, Category, string],
  containerId: string,
  names: Names,
  more: EventDescription['details'] = {},
): EventDescription {
  const name = names.engine(containerId);
  // The short form of a container id, as `docker ps` prints it.
  const message = `Engine ${name ?? containerId.slice(0, 12)} ${predicate}`;
  const details = name === undefined ? more : { name, ...more };
  return { type, category, containerId, streamId: null, message, details };
}

function ofStream(
  category: 'started' | 'ended',
  streamId: string,
  containerId: string | null,
  names: Names,
  reason: string | null = null,
): EventDescription {
  const name = names.stream(streamId);
  const why = reason === null ? '' : `: ${END_REASONS[reason] ?? reason.slice(0, MAX_TEXT_LENGTH)}`;
  const engine = containerId === null ? undefined : names.engine(containerId);
  return {
    type: 'stream',
    category,
    containerId,
    streamId,
    message: `Stream ${name === undefined ? '' : `${name} `}${category}${why}`,
    details: {
      ...(name !== undefined && { name }),
      ...(engine !== undefined && { engine }),
      ...(reason !== null && { reason: reason.slice(0, MAX_TEXT_LENGTH) }),
    },
  };
}

interface AppEvent {
  readonly workspace: string;
  readonly appId: string;
}

function nameOf({ workspace, appId }: AppEvent): string {
  return `${workspace}/${appId}`;
}

function ofApp(
  category: Category,
  { workspace, appId }: AppEvent,
  message: string,
  more: EventDescription['details'] = {},
): EventDescription {
  const details = { workspace, app: appId, ...more };
  return { type: 'app', category, containerId: null, streamId: null, message, details };
}

function ofService(
  type: EventType,
  category: Category,
  message: string,
  details: EventDescription['details'] = {},
): EventDescription {
  return { type, category, containerId: null, streamId: null, message, details };
}
