import type { DomainEvent } from '../events/events.ts';
import type { EventDescription } from './records.ts';

type EventOf<Type extends DomainEvent['type']> = Extract<DomainEvent, { type: Type }>;

/** Error messages of a runtime can have any length. */
const MAX_TEXT_LENGTH = 500;

/** Predicate for each kind of change of an engine. */
const CHANGES: Record<EventOf<'engine_changed'>['change'], (event: EventOf<'engine_changed'>) => string> = {
  health: ({ health }) => (health === 'unknown' ? 'has unknown health' : `is ${health}`),
  deleting: ({ deleting }) => (deleting ? 'is being deleted' : 'could not be deleted'),
  forwarded: ({ forwarded }) => `${forwarded ? 'uses' : 'no longer uses'} the forwarded port of its VPN`,
};

/** Description of each type of event. The mapped type makes a missing type a compile error. */
const DESCRIPTIONS: { [Type in DomainEvent['type']]: (event: EventOf<Type>) => EventDescription } = {
  engine_started: ({ engineId }) => ofEngine(engineId, `Engine ${short(engineId)} is running`),
  engine_stopped: ({ engineId, reason }) =>
    ofEngine(
      engineId,
      `Engine ${short(engineId)} ${reason === 'deleted' ? 'was deleted' : 'is no longer running'}`,
      { reason },
    ),
  engine_changed: (event) => {
    const { engineId, change, health, deleting, forwarded } = event;
    const message = `Engine ${short(engineId)} ${CHANGES[change](event)}`;
    return ofEngine(engineId, message, { change, health, deleting, forwarded });
  },
  runtime_connected: () => ofService('runtime', 'Engine runtime connected'),
  runtime_disconnected: ({ reason }) =>
    ofService('runtime', 'Engine runtime disconnected', { reason: reason.slice(0, MAX_TEXT_LENGTH) }),
  vpn_changed: ({ vpn, connected }) =>
    ofService('vpn', `VPN ${vpn} ${connected ? 'connected' : 'disconnected'}`, { vpn, connected }),
  vpn_emergency: ({ active, failedVpn, healthyVpn }) =>
    ofService('vpn', emergencyText(active, failedVpn, healthyVpn), { active, failedVpn, healthyVpn }),
  vpn_restarted: ({ vpn }) => ofService('vpn', `VPN ${vpn} stayed unhealthy and is being restarted`, { vpn }),
  breaker_changed: ({ breaker, state }) =>
    ofService('provisioning', `The ${breaker} circuit breaker is ${state.replace('_', ' ')}`, {
      breaker,
      state,
    }),
  leadership_changed: ({ leading, term }) =>
    ofService('provisioning', `This orchestrator is ${leading ? 'now' : 'no longer'} the leader`, {
      leading,
      term,
    }),
  stream_started: ({ streamId, engineId }) => ofStream(streamId, engineId, 'Stream started'),
  stream_ended: ({ streamId, engineId }) => ofStream(streamId, engineId, 'Stream ended'),
  streams_restored: ({ started }) =>
    ofService('stream', `Streams restored after a restart: ${started} active`, { started }),
};

/** Every type of event that the log can contain. */
export const EVENT_TYPES = Object.keys(DESCRIPTIONS) as DomainEvent['type'][];

/** Turns a domain event into a log entry. */
export function describeEvent(event: DomainEvent): EventDescription {
  const describe = DESCRIPTIONS[event.type] as (event: DomainEvent) => EventDescription;
  return describe(event);
}

function emergencyText(active: boolean, failedVpn: string, healthyVpn: string | null): string {
  if (!active) return 'Both VPNs are connected again';
  if (healthyVpn === null) return 'Both VPNs have failed';
  return `VPN ${failedVpn} has failed; new engines use ${healthyVpn}`;
}

function ofEngine(
  containerId: string,
  message: string,
  details: EventDescription['details'] = {},
): EventDescription {
  return { category: 'engine', containerId, streamId: null, message, details };
}

function ofStream(streamId: string, containerId: string | null, message: string): EventDescription {
  return { category: 'stream', containerId, streamId, message, details: {} };
}

function ofService(
  category: EventDescription['category'],
  message: string,
  details: EventDescription['details'] = {},
): EventDescription {
  return { category, containerId: null, streamId: null, message, details };
}

/** The short form of a container ID, as `docker ps` prints it. */
function short(id: string): string {
  return id.slice(0, 12);
}
