import { describe, expect, it } from 'vitest';
import type { VpnObservation } from '../../../src/service/vpn/observation.ts';
import { connectivityOf, primaryVpn, type VpnState } from '../../../src/service/vpn/state.ts';
import { DOWN, STARTING, UP } from './fixtures.ts';

function stateOf(...observations: VpnObservation[]): VpnState {
  const vpns = observations.map((observation, index) => ({ ...observation, name: `vpn${index + 1}` }));
  return { vpns, observedAt: 0, emergency: null };
}

describe('the primary VPN', () => {
  it.each([
    ['the first, if both are connected', UP, UP, 'vpn1', true],
    ['the second, if only it is connected', DOWN, UP, 'vpn2', true],
    ['the first, if only it is connected', UP, DOWN, 'vpn1', true],
    ['the second, while the first starts', STARTING, UP, 'vpn2', true],
    ['the first, if neither is connected', DOWN, STARTING, 'vpn1', false],
    ['the first, if both are down', DOWN, DOWN, 'vpn1', false],
  ])('is %s', (_which, first, second, name, connected) => {
    const state = stateOf(first, second);
    expect(primaryVpn(state)).toMatchObject({ name, connected });
    expect(connectivityOf(state)).toEqual({ enabled: true, connected });
  });

  it('is the only one', () => {
    expect(primaryVpn(stateOf(DOWN))?.name).toBe('vpn1');
    expect(connectivityOf(stateOf(DOWN))).toEqual({ enabled: true, connected: false });
  });

  it('does not exist without VPNs', () => {
    expect(primaryVpn(stateOf())).toBeUndefined();
    expect(connectivityOf(stateOf())).toEqual({ enabled: false, connected: false });
  });
});
