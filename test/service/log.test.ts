import { pino } from 'pino';
import { expect, test } from 'vitest';
import { VPN_DISCONNECTED } from '../../src/service/engines/blocked.ts';
import { ProvisioningBlockedError } from '../../src/service/engines/provisioner.ts';
import { describeError } from '../../src/service/log.ts';

function lineOf(err: Error, serializers: Record<string, typeof describeError> = {}): object {
  let line = '';
  const logger = pino({ serializers }, { write: (text) => (line = text) });
  logger.warn({ err }, 'a fault');
  return JSON.parse(line) as object;
}

test('an error that holds a frozen part which looks like an error is logged', () => {
  const err = Object.assign(new RangeError('too much'), { part: Object.freeze({ message: 'frozen' }) });
  expect(() => lineOf(err)).toThrow(/not extensible/);
  expect(lineOf(err, { err: describeError })).toMatchObject({
    msg: 'a fault',
    err: { type: 'RangeError', message: 'too much', stack: expect.stringContaining('RangeError: too much') },
  });
});

test('other errors are logged with all that belongs to them', () => {
  const err = Object.assign(new Error('no room', { cause: new Error('the disk') }), { code: 'ENOSPC' });
  const { err: logged } = lineOf(err, { err: describeError }) as { err: object };
  expect(logged).toMatchObject({
    type: 'Error',
    message: expect.stringContaining('the disk'),
    code: 'ENOSPC',
  });
});

test('why provisioning was refused can be logged though the cache has frozen it', () => {
  const err = new ProvisioningBlockedError(Object.freeze({ ...VPN_DISCONNECTED }));
  expect(lineOf(err)).toMatchObject({ err: { message: VPN_DISCONNECTED.message } });
});
