import { describe, expect, it } from 'vitest';
import { describeEvent, EVENT_TYPES } from '../../../src/service/event-log/describe.ts';
import type { DomainEvent } from '../../../src/service/events/events.ts';

const ID = 'b0d601e6d345960acdaa18d16f79e9fb115c224d882b74a706b1edc2b85648d1';

type Changed = Extract<DomainEvent, { type: 'engine_changed' }>;

function changed(change: Changed['change'], fields: Partial<Changed>): Changed {
  const others = { health: 'healthy', deleting: false, forwarded: false } as const;
  return { type: 'engine_changed', engineId: ID, change, ...others, ...fields };
}

const LINES: [DomainEvent, string, string][] = [
  [{ type: 'engine_started', engineId: ID }, 'engine', 'Engine b0d601e6d345 is running'],
  [{ type: 'engine_stopped', engineId: ID, reason: 'deleted' }, 'engine', 'Engine b0d601e6d345 was deleted'],
  [
    { type: 'engine_stopped', engineId: ID, reason: 'gone' },
    'engine',
    'Engine b0d601e6d345 is no longer running',
  ],
  [changed('health', { health: 'unhealthy' }), 'engine', 'Engine b0d601e6d345 is unhealthy'],
  [changed('health', { health: 'unknown' }), 'engine', 'Engine b0d601e6d345 has unknown health'],
  [changed('deleting', { deleting: true }), 'engine', 'Engine b0d601e6d345 is being deleted'],
  [changed('deleting', {}), 'engine', 'Engine b0d601e6d345 could not be deleted'],
  [
    changed('forwarded', { forwarded: true }),
    'engine',
    'Engine b0d601e6d345 uses the forwarded port of its VPN',
  ],
  [changed('forwarded', {}), 'engine', 'Engine b0d601e6d345 no longer uses the forwarded port of its VPN'],
  [{ type: 'runtime_connected' }, 'runtime', 'Engine runtime connected'],
  [{ type: 'runtime_disconnected', reason: 'gone' }, 'runtime', 'Engine runtime disconnected'],
  [{ type: 'vpn_changed', vpn: 'gluetun', connected: true }, 'vpn', 'VPN gluetun connected'],
  [{ type: 'vpn_changed', vpn: 'gluetun', connected: false }, 'vpn', 'VPN gluetun disconnected'],
  [
    { type: 'vpn_emergency', active: true, failedVpn: 'one', healthyVpn: 'two' },
    'vpn',
    'VPN one has failed; new engines use two',
  ],
  [
    { type: 'vpn_emergency', active: true, failedVpn: 'one', healthyVpn: null },
    'vpn',
    'Both VPNs have failed',
  ],
  [
    { type: 'vpn_emergency', active: false, failedVpn: 'one', healthyVpn: 'two' },
    'vpn',
    'Both VPNs are connected again',
  ],
  [{ type: 'vpn_restarted', vpn: 'one' }, 'vpn', 'VPN one stayed unhealthy and is being restarted'],
  [
    { type: 'breaker_changed', breaker: 'general', state: 'half_open' },
    'provisioning',
    'The general circuit breaker is half open',
  ],
  [
    { type: 'leadership_changed', leading: true, term: 1 },
    'provisioning',
    'This orchestrator is now the leader',
  ],
  [
    { type: 'leadership_changed', leading: false, term: 1 },
    'provisioning',
    'This orchestrator is no longer the leader',
  ],
  [{ type: 'stream_started', streamId: 's', engineId: ID }, 'stream', 'Stream started'],
  [{ type: 'stream_ended', streamId: 's', engineId: null, reason: null }, 'stream', 'Stream ended'],
  [{ type: 'streams_restored', started: 2 }, 'stream', 'Streams restored after a restart: 2 active'],
];

describe('descriptions of events', () => {
  it.each(LINES)('%j', (event, category, message) => {
    const { type: _type, ...fields } = event;
    const description = describeEvent(event);
    expect(description).toMatchObject({ category, message });
    // Every field of the event is in its description.
    const { containerId, streamId, details } = description;
    const described = new Set<unknown>([containerId, streamId, ...Object.values(details)]);
    for (const value of Object.values(fields)) expect(described).toContain(value);
  });

  it('exist for every type', () => {
    expect(new Set(LINES.map(([{ type }]) => type))).toEqual(new Set(EVENT_TYPES));
  });

  it('have a bounded length, even if an error message is long', () => {
    const description = describeEvent({ type: 'runtime_disconnected', reason: 'x'.repeat(100_000) });
    expect(JSON.stringify(description).length).toBeLessThan(1000);
  });
});
