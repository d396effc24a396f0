import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../../src/service/vpn/control-server.ts';
import { nextProblem, type VpnProblem } from '../../../src/service/vpn/problem.ts';
import { DOWN, STARTING, UNKNOWN, UP } from './fixtures.ts';

const refused = (status: number, fact = 'port') => ({
  fact,
  error: new RefusedError('/v1/portforward', status),
});
const timeout = { fact: 'tunnel', error: new Error("Gluetun's control server did not respond in time") };

describe('the problem of a VPN', () => {
  it.each([
    ['works', UP, null, null],
    ['has no container', { ...DOWN, state: 'not_found' as const }, null, 'container_missing'],
    ['has a stopped container', { ...DOWN, state: 'stopped' as const }, null, 'container_stopped'],
    ['is starting', STARTING, timeout, 'starting'],
    ['has a tunnel that does not work', DOWN, refused(401), 'unhealthy'],
    ['has a control server that refuses the key', UNKNOWN, refused(401), 'unauthorized'],
    ['works, but its control server refuses the key', UP, refused(403), 'unauthorized'],
    ['works without the route of a forwarded port', UP, refused(404), null],
    ['has a control server without the route of its state', UNKNOWN, refused(404, 'tunnel'), 'no_response'],
    ['has a control server that hangs', UP, timeout, 'no_response'],
    ['has a control server without an address', UNKNOWN, null, 'no_response'],
  ])('that %s', (_name, observation, failure, code) => {
    expect(nextProblem(null, observation, failure, 5, 9)?.code ?? null).toBe(code);
  });

  it('keeps its start while it lasts, and says when the control server last responded', () => {
    const first = nextProblem(null, UNKNOWN, timeout, 1000, 2000);
    expect(first).toMatchObject({ code: 'no_response', since: 2000, respondedAt: 1000 });
    expect(first?.message).toContain('did not respond');
    expect(nextProblem(first, UNKNOWN, timeout, 1000, 7000)?.since).toBe(2000);
    expect(nextProblem(first, UNKNOWN, refused(401), 7000, 7000)).toMatchObject({
      code: 'unauthorized',
      since: 7000,
    } satisfies Partial<VpnProblem>);
  });
});
