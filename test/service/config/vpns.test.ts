import { expect, test } from 'vitest';
import { readConfig } from '../../../src/service/config/config.ts';
import { configuredVpns } from '../../../src/service/config/vpns.ts';

const ONE = { GLUETUN_CONTAINER_NAME: 'one', GLUETUN_API_URL: 'http://one:8000' };
const TWO = { GLUETUN_CONTAINER_NAME_2: 'two' };

test.each([
  ['none', {}, []],
  ['a second VPN without a first', TWO, []],
  ['one', { ...ONE, ...TWO }, [{ containerName: 'one', controlUrl: 'http://one:8000' }]],
  [
    'two',
    { ...ONE, ...TWO, VPN_MODE: 'redundant' },
    [
      { containerName: 'one', controlUrl: 'http://one:8000' },
      { containerName: 'two', controlUrl: null },
    ],
  ],
])('the configured VPNs: %s', (_, env, vpns) => {
  expect(configuredVpns(readConfig(env))).toEqual(vpns);
});
