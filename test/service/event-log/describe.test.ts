import { describe, expect, it } from 'vitest';
import { describeEvent } from '../../../src/service/event-log/describe.ts';
import type { DomainEvent } from '../../../src/service/events/events.ts';
import { INVALIDATED_KEYS } from '../../../src/service/events/invalidation.ts';

const ID = 'b0d601e6d345960acdaa18d16f79e9fb115c224d882b74a706b1edc2b85648d1';

type Changed = Extract<DomainEvent, { type: 'engine_changed' }>;

function changed(change: Changed['change'], fields: Partial<Changed>): Changed {
  const others = { health: 'healthy', deleting: false, forwarded: false, paused: false } as const;
  return { type: 'engine_changed', engineId: ID, change, ...others, ...fields };
}

const NODE = { type: 'node_changed', nodeId: 'n', name: 'node1' } as const;
const APP = { workspace: 'w', appId: 'a' };

/** Events with their type, category and message. */
const LINES: [DomainEvent, string, string, string][] = [
  [{ type: 'engine_started', engineId: ID }, 'engine', 'created', 'Engine b0d601e6d345 is running'],
  [
    { type: 'engine_stopped', engineId: ID, reason: 'deleted' },
    'engine',
    'deleted',
    'Engine b0d601e6d345 was deleted',
  ],
  [
    { type: 'engine_stopped', engineId: ID, reason: 'gone' },
    'engine',
    'failed',
    'Engine b0d601e6d345 is no longer running',
  ],
  [changed('health', {}), 'health', 'recovered', 'Engine b0d601e6d345 is healthy'],
  [changed('health', { health: 'unhealthy' }), 'health', 'failed', 'Engine b0d601e6d345 is unhealthy'],
  [changed('health', { health: 'unknown' }), 'health', 'warning', 'Engine b0d601e6d345 has unknown health'],
  [changed('deleting', { deleting: true }), 'engine', 'deleting', 'Engine b0d601e6d345 is being deleted'],
  [changed('deleting', {}), 'engine', 'failed', 'Engine b0d601e6d345 could not be deleted'],
  [changed('paused', { paused: true }), 'engine', 'paused', 'Engine b0d601e6d345 is paused'],
  [changed('paused', {}), 'engine', 'resumed', 'Engine b0d601e6d345 runs again after a pause'],
  [
    changed('forwarded', { forwarded: true }),
    'engine',
    'forwarded',
    'Engine b0d601e6d345 uses the forwarded port of its VPN',
  ],
  [
    changed('forwarded', {}),
    'engine',
    'forwarded',
    'Engine b0d601e6d345 no longer uses the forwarded port of its VPN',
  ],
  [{ type: 'settings_changed', names: 'A, B' }, 'system', 'settings', 'Settings changed: A, B'],
  [{ type: 'app_installed', ...APP, version: null }, 'app', 'installed', 'App w/a was installed'],
  [{ type: 'app_uninstalled', ...APP }, 'app', 'uninstalled', 'App w/a was uninstalled'],
  [{ type: 'app_warmed', ...APP, succeeded: true }, 'app', 'warmed', 'The cache of the app w/a was warmed'],
  [
    { type: 'app_warmed', ...APP, succeeded: false },
    'app',
    'failed',
    'The cache of the app w/a could not be warmed',
  ],
  [
    { type: 'profile_changed', user: 'w', profile: 'alice', change: 'rolled_back' },
    'app',
    'restored',
    'Profile w/alice was rolled back',
  ],
  [
    { type: 'profile_changed', user: 'w', profile: 'alice', change: 'deleted' },
    'app',
    'deleted',
    'Profile w/alice was deleted',
  ],
  [{ type: 'app_cache_cleared', ...APP }, 'app', 'cache_cleared', 'The cache of the app w/a was cleared'],
  [
    { type: 'session_changed', sessionId: 's', status: 'failed', ...APP },
    'app',
    'failed',
    'Session s of the app w/a has failed',
  ],
  [
    { ...NODE, state: 'down', availability: 'active', agent: 'unreachable' },
    'system',
    'failed',
    'Node node1 is down; its agent does not respond',
  ],
  [
    { ...NODE, state: 'ready', availability: 'drain', agent: 'not_configured' },
    'system',
    'connected',
    'Node node1 is ready and drained',
  ],
  [
    { ...NODE, state: 'ready', availability: 'active', agent: 'unreachable' },
    'system',
    'disconnected',
    'Node node1 is ready; its agent does not respond',
  ],
  [
    { type: 'managers_changed', reason: 'no leader' },
    'system',
    'disconnected',
    'No manager of the Swarm responds',
  ],
  [
    { type: 'managers_changed', reason: null },
    'system',
    'connected',
    'A manager of the Swarm responds again',
  ],
  [{ type: 'runtime_connected' }, 'system', 'connected', 'Engine runtime connected'],
  [{ type: 'runtime_disconnected', reason: 'gone' }, 'system', 'disconnected', 'Engine runtime disconnected'],
  [{ type: 'vpn_changed', vpn: 'gluetun', connected: true }, 'vpn', 'connected', 'VPN gluetun connected'],
  [
    { type: 'vpn_changed', vpn: 'gluetun', connected: false },
    'vpn',
    'disconnected',
    'VPN gluetun disconnected',
  ],
  [
    { type: 'vpn_emergency', active: true, failedVpn: 'one', healthyVpn: 'two' },
    'vpn',
    'failed',
    'VPN one has failed; new engines use two',
  ],
  [
    { type: 'vpn_emergency', active: true, failedVpn: 'one', healthyVpn: null },
    'vpn',
    'failed',
    'Both VPNs have failed',
  ],
  [
    { type: 'vpn_emergency', active: false, failedVpn: 'one', healthyVpn: 'two' },
    'vpn',
    'recovered',
    'Both VPNs are connected again',
  ],
  [
    { type: 'vpn_restarted', vpn: 'one' },
    'vpn',
    'restarted',
    'VPN one stayed unhealthy and is being restarted',
  ],
  [
    { type: 'breaker_changed', breaker: 'general', state: 'half_open' },
    'system',
    'circuit_breaker',
    'The general circuit breaker is half open',
  ],
  [
    { type: 'leadership_changed', leading: true, term: 1 },
    'system',
    'leadership',
    'This orchestrator is now the leader',
  ],
  [
    { type: 'leadership_changed', leading: false, term: 1 },
    'system',
    'leadership',
    'This orchestrator is no longer the leader',
  ],
  [{ type: 'stream_started', streamId: 's', engineId: ID }, 'stream', 'started', 'Stream started'],
  [{ type: 'stream_ended', streamId: 's', engineId: null, reason: null }, 'stream', 'ended', 'Stream ended'],
  [
    { type: 'streams_restored', started: 2 },
    'stream',
    'restored',
    'Streams restored after a restart: 2 active',
  ],
];

describe('descriptions of events', () => {
  it.each(LINES)('%j', (event, type, category, message) => {
    const { type: _type, ...fields } = event;
    const description = describeEvent(event);
    expect(description).toMatchObject({ type, category, message });
    // Every field of the event is in its description.
    const { containerId, streamId, details } = description;
    const described = new Set<unknown>([containerId, streamId, ...Object.values(details)]);
    for (const value of Object.values(fields)) expect(described).toContain(value);
  });

  it('exist for every type', () => {
    expect(new Set(LINES.map(([{ type }]) => type))).toEqual(new Set(Object.keys(INVALIDATED_KEYS)));
  });

  it('have a bounded length, even if an error message is long', () => {
    const description = describeEvent({ type: 'runtime_disconnected', reason: 'x'.repeat(100_000) });
    expect(JSON.stringify(description).length).toBeLessThan(1000);
  });
});

it('the exit code of an engine is a detail', () => {
  const stopped = { type: 'engine_stopped', engineId: ID, reason: 'gone' } as const;
  expect(describeEvent(stopped).details).toEqual({ reason: 'gone' });
  expect(describeEvent({ ...stopped, exitCode: 3 }).details).toEqual({ reason: 'gone', exitCode: 3 });
});

describe('the subject of an event', () => {
  const names = { engine: () => 'engine-7', stream: () => 'Channel 1' };

  it('is named in the message and in the details', () => {
    const stopped = { type: 'engine_stopped', engineId: ID, reason: 'gone', exitCode: 137 } as const;
    expect(describeEvent(stopped, names)).toMatchObject({
      message: 'Engine engine-7 is no longer running (exit code 137)',
      details: { name: 'engine-7', reason: 'gone', exitCode: 137 },
    });
  });

  it.each([
    [null, 'Stream Channel 1 ended'],
    ['session_gone', 'Stream Channel 1 ended: its engine no longer has the session'],
    ['viewer left', 'Stream Channel 1 ended: viewer left'],
  ])('of an end with the reason %j is a stream', (reason, message) => {
    const description = describeEvent({ type: 'stream_ended', streamId: 's1', engineId: ID, reason }, names);
    expect(description.message).toBe(message);
    expect(description.details).toMatchObject({ name: 'Channel 1', engine: 'engine-7' });
  });
});
