import { expect, test } from 'vitest';
import { findBlock, type ProvisioningState } from '../../../src/service/engines/blocked.ts';

const FREE: ProvisioningState = {
  vpn: { enabled: true, connected: true },
  breaker: { allows: true, recoveryEtaS: 0 },
  engines: 1,
  maxReplicas: 2,
};
const VPN_DOWN = { vpn: { enabled: true, connected: false } };
const BREAKER_OPEN = { breaker: { allows: false, recoveryEtaS: 42 } };
const FULL = { engines: 2 };

test('nothing blocks while all is well', () => {
  expect(findBlock(FREE)).toBeNull();
  expect(findBlock({ ...FREE, vpn: { enabled: false, connected: false } })).toBeNull();
});

test.each([
  ['the VPN is down', VPN_DOWN, 'vpn_disconnected', 60, true, true],
  ['the breaker is open', BREAKER_OPEN, 'circuit_breaker', 42, false, true],
  ['all engines are there', FULL, 'max_capacity', null, false, false],
  ['more engines than allowed are there', { engines: 3 }, 'max_capacity', null, false, false],
  ['everything is wrong', { ...VPN_DOWN, ...BREAKER_OPEN, ...FULL }, 'vpn_disconnected', 60, true, true],
  ['the breaker is open at capacity', { ...BREAKER_OPEN, ...FULL }, 'circuit_breaker', 42, false, true],
  ['the VPN is down at capacity', { ...VPN_DOWN, ...FULL }, 'vpn_disconnected', 60, true, true],
])('%s', (_, facts, code, recoveryEtaS, canRetry, shouldWait) => {
  expect(findBlock({ ...FREE, ...facts })).toEqual({
    code,
    message: expect.stringMatching(/\w/),
    recoveryEtaS,
    canRetry,
    shouldWait,
  });
});

test('the breaker whose probe is under way asks for a wait, not for a retry at once', () => {
  const block = findBlock({ ...FREE, breaker: { allows: false, recoveryEtaS: 0 } });
  expect(block?.recoveryEtaS).toBeGreaterThanOrEqual(1);
});
