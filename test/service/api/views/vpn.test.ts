import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { VpnStatusSchema } from '../../../../src/service/api/schemas/vpn.ts';
import { toWireVpnState } from '../../../../src/service/api/views/vpn.ts';
import type { VpnState } from '../../../../src/service/vpn/state.ts';
import { DISABLED_STATUS, DOWN, NO_EMERGENCY, UP } from '../../vpn/fixtures.ts';

const OBSERVED_AT = Date.UTC(2026, 10, 5, 12, 0, 0, 250);
const ONE = { ...UP, name: 'one' };
const TWO = { ...UP, name: 'two', forwardedPort: null, publicAddress: null };

const isDocumented = Compile(VpnStatusSchema);

function describeState(state: Partial<VpnState>) {
  const wire = toWireVpnState({ vpns: [], observedAt: OBSERVED_AT, emergency: null, ...state });
  expect(isDocumented.Check(wire)).toBe(true);
  return wire;
}

describe('the body of GET /vpn/status', () => {
  it('without a VPN is disabled', () => {
    expect(describeState({})).toEqual(DISABLED_STATUS);
  });

  it('describes one VPN', () => {
    expect(describeState({ vpns: [ONE] })).toEqual({
      ...DISABLED_STATUS,
      mode: 'single',
      enabled: true,
      status: 'running',
      container_name: 'one',
      container: 'one',
      health: 'healthy',
      connected: true,
      forwarded_port: 5914,
      public_ip: '203.0.113.7',
      provider: 'protonvpn',
      country: 'Switzerland',
      last_check: 1_793_880_000.25,
      last_check_at: '2026-11-05T12:00:00.250Z',
    });
  });

  it('describes two VPNs, and repeats the primary one', () => {
    const { vpn1, vpn2, emergency_mode, ...whole } = describeState({ vpns: [ONE, TWO] });
    expect(vpn1).toMatchObject({ mode: 'single', container: 'one', forwarded_port: 5914 });
    expect(vpn2).toMatchObject({ mode: 'single', container: 'two', forwarded_port: null, public_ip: null });
    expect(whole).toEqual({ ...vpn1, mode: 'redundant' });
    expect(emergency_mode).toEqual(NO_EMERGENCY);

    const failed = describeState({ vpns: [{ ...DOWN, name: 'one' }, TWO] });
    expect(failed).toMatchObject({ mode: 'redundant', container: 'two', connected: true });
    expect(failed.vpn1).toMatchObject({ container: 'one', connected: false });
  });

  it('describes an emergency, its duration to the millisecond', () => {
    const emergency = { failed: 'one', healthy: 'two', durationS: 12.3456 };
    const { emergency_mode } = describeState({ vpns: [{ ...DOWN, name: 'one' }, TWO], emergency });
    expect(emergency_mode).toEqual({
      active: true,
      failed_vpn: 'one',
      healthy_vpn: 'two',
      duration_seconds: 12.346,
    });
  });
});
