import { describe, expect, it } from 'vitest';
import { describeEvent, EVENT_TYPES } from '../../../src/service/event-log/describe.ts';
import type { DomainEvent } from '../../../src/service/events/events.ts';

const ID = 'b0d601e6d345960acdaa18d16f79e9fb115c224d882b74a706b1edc2b85648d1';

type Changed = Extract<DomainEvent, { type: 'engine_changed' }>;

function changed(change: Changed['change'], facts: Partial<Changed>): Changed {
  const others = { health: 'healthy', deleting: false, forwarded: false } as const;
  return { type: 'engine_changed', engineId: ID, change, ...others, ...facts };
}

const LINES: [DomainEvent, string, string][] = [
  [{ type: 'engine_started', engineId: ID }, 'engine', 'Engine b0d601e6d345 runs'],
  [{ type: 'engine_stopped', engineId: ID, reason: 'deleted' }, 'engine', 'Engine b0d601e6d345 was deleted'],
  [{ type: 'engine_stopped', engineId: ID, reason: 'gone' }, 'engine', 'Engine b0d601e6d345 is gone'],
  [changed('health', { health: 'unhealthy' }), 'engine', 'Engine b0d601e6d345 is unhealthy'],
  [changed('health', { health: 'unknown' }), 'engine', 'Engine b0d601e6d345 is of unknown health'],
  [changed('deleting', { deleting: true }), 'engine', 'Engine b0d601e6d345 is being deleted'],
  [changed('deleting', {}), 'engine', 'Engine b0d601e6d345 could not be deleted'],
  [
    changed('forwarded', { forwarded: true }),
    'engine',
    'Engine b0d601e6d345 has the forwarded port of its VPN',
  ],
  [changed('forwarded', {}), 'engine', 'Engine b0d601e6d345 no longer has the forwarded port of its VPN'],
  [{ type: 'runtime_connected' }, 'runtime', 'The engine runtime answers'],
  [{ type: 'runtime_disconnected', reason: 'gone' }, 'runtime', 'The engine runtime does not answer'],
  [{ type: 'vpn_changed', vpn: 'gluetun', connected: true }, 'vpn', 'The VPN gluetun is connected'],
  [{ type: 'vpn_changed', vpn: 'gluetun', connected: false }, 'vpn', 'The VPN gluetun is not connected'],
  [
    { type: 'vpn_emergency', active: true, failedVpn: 'one', healthyVpn: 'two' },
    'vpn',
    'The VPN one has failed, two takes its place',
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
  [{ type: 'vpn_restarted', vpn: 'one' }, 'vpn', 'The VPN one stays unhealthy and is restarted'],
  [
    { type: 'breaker_changed', breaker: 'general', state: 'half_open' },
    'provisioning',
    'The general circuit breaker is half open',
  ],
  [{ type: 'leadership_changed', leading: true, term: 1 }, 'provisioning', 'This orchestrator leads'],
  [
    { type: 'leadership_changed', leading: false, term: 1 },
    'provisioning',
    'This orchestrator no longer leads',
  ],
  [{ type: 'stream_started', streamId: 's', engineId: ID }, 'stream', 'A stream has started'],
  [{ type: 'stream_ended', streamId: 's', engineId: null, reason: null }, 'stream', 'A stream has ended'],
  [
    { type: 'streams_restored', started: 2 },
    'stream',
    'Streams were taken up again after a restart, 2 of them started',
  ],
];

describe('the words of the log', () => {
  it.each(LINES)('for %j', (event, category, message) => {
    const { type: _type, ...facts } = event;
    const description = describeEvent(event);
    expect(description).toMatchObject({ category, message });
    // No fact of the event is lost.
    const { containerId, streamId, details } = description;
    const told = new Set<unknown>([containerId, streamId, ...Object.values(details)]);
    for (const fact of Object.values(facts)) expect(told).toContain(fact);
  });

  it('are there for every type', () => {
    expect(new Set(LINES.map(([{ type }]) => type))).toEqual(new Set(EVENT_TYPES));
  });

  it('are of bounded length, whatever a fault says of itself', () => {
    const description = describeEvent({ type: 'runtime_disconnected', reason: 'x'.repeat(100_000) });
    expect(JSON.stringify(description).length).toBeLessThan(1000);
  });
});
