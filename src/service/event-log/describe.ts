import type { DomainEvent } from '../events/events.ts';
import type { Description } from './records.ts';

type EventOf<Type extends DomainEvent['type']> = Extract<DomainEvent, { type: Type }>;

/** The words of a fault come from elsewhere, and could be of any length. */
const MAX_TEXT_LENGTH = 500;

/** What has changed of an engine. */
const CHANGES: Record<EventOf<'engine_changed'>['change'], (event: EventOf<'engine_changed'>) => string> = {
  health: ({ health }) => (health === 'unknown' ? 'is of unknown health' : `is ${health}`),
  deleting: ({ deleting }) => (deleting ? 'is being deleted' : 'could not be deleted'),
  forwarded: ({ forwarded }) => `${forwarded ? 'has' : 'no longer has'} the forwarded port of its VPN`,
};

/** What the log says of each event. The type makes an event without a row an error. */
const DESCRIPTIONS: { [Type in DomainEvent['type']]: (event: EventOf<Type>) => Description } = {
  engine_started: ({ engineId }) => ofEngine(engineId, `Engine ${short(engineId)} runs`),
  engine_stopped: ({ engineId, reason }) =>
    ofEngine(
      engineId,
      reason === 'deleted' ? `Engine ${short(engineId)} was deleted` : `Engine ${short(engineId)} is gone`,
      { reason },
    ),
  engine_changed: (event) => {
    const { engineId, change, health, deleting, forwarded } = event;
    const message = `Engine ${short(engineId)} ${CHANGES[change](event)}`;
    return ofEngine(engineId, message, { change, health, deleting, forwarded });
  },
  runtime_connected: () => ofService('runtime', 'The engine runtime answers'),
  runtime_disconnected: ({ reason }) =>
    ofService('runtime', 'The engine runtime does not answer', { reason: reason.slice(0, MAX_TEXT_LENGTH) }),
  vpn_changed: ({ vpn, connected }) =>
    ofService('vpn', `The VPN ${vpn} ${connected ? 'is connected' : 'is not connected'}`, { vpn, connected }),
  vpn_emergency: ({ active, failedVpn, healthyVpn }) =>
    ofService('vpn', emergencyText(active, failedVpn, healthyVpn), { active, failedVpn, healthyVpn }),
  vpn_restarted: ({ vpn }) => ofService('vpn', `The VPN ${vpn} stays unhealthy and is restarted`, { vpn }),
  breaker_changed: ({ breaker, state }) =>
    ofService('provisioning', `The ${breaker} circuit breaker is ${state.replace('_', ' ')}`, {
      breaker,
      state,
    }),
  leadership_changed: ({ leading, term }) =>
    ofService('provisioning', leading ? 'This orchestrator leads' : 'This orchestrator no longer leads', {
      leading,
      term,
    }),
  stream_started: ({ streamId, engineId }) => ofStream(streamId, engineId, 'A stream has started'),
  stream_ended: ({ streamId, engineId }) => ofStream(streamId, engineId, 'A stream has ended'),
  streams_restored: ({ started }) =>
    ofService('stream', `Streams were taken up again after a restart, ${started} of them started`, {
      started,
    }),
};

export const EVENT_TYPES = Object.keys(DESCRIPTIONS) as DomainEvent['type'][];

export function describeEvent(event: DomainEvent): Description {
  const describe = DESCRIPTIONS[event.type] as (event: DomainEvent) => Description;
  return describe(event);
}

function emergencyText(active: boolean, failedVpn: string, healthyVpn: string | null): string {
  if (!active) return 'Both VPNs are connected again';
  if (healthyVpn === null) return 'Both VPNs have failed';
  return `The VPN ${failedVpn} has failed, ${healthyVpn} takes its place`;
}

function ofEngine(containerId: string, message: string, details: Description['details'] = {}): Description {
  return { category: 'engine', containerId, streamId: null, message, details };
}

function ofStream(streamId: string, containerId: string | null, message: string): Description {
  return { category: 'stream', containerId, streamId, message, details: {} };
}

function ofService(
  category: Description['category'],
  message: string,
  details: Description['details'] = {},
): Description {
  return { category, containerId: null, streamId: null, message, details };
}

/** As `docker ps` shows it. */
function short(id: string): string {
  return id.slice(0, 12);
}
