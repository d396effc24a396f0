import { pino } from 'pino';
import { expect, test } from 'vitest';
import { VPN_DISCONNECTED } from '../../src/service/engines/blocked.ts';
import { ProvisioningBlockedError } from '../../src/service/engines/provisioner.ts';
import { serializeError } from '../../src/service/log.ts';

function lineOf(err: Error, serializers: Record<string, typeof serializeError> = {}): object {
  let line = '';
  const logger = pino({ serializers }, { write: (text) => (line = text) });
  logger.warn({ err }, 'an error');
  return JSON.parse(line) as object;
}

test('an error with a frozen property that looks like an error is logged', () => {
  const err = Object.assign(new RangeError('too much'), { detail: Object.freeze({ message: 'frozen' }) });
  expect(() => lineOf(err)).toThrow(/not extensible/);
  expect(lineOf(err, { err: serializeError })).toMatchObject({
    msg: 'an error',
    err: { type: 'RangeError', message: 'too much', stack: expect.stringContaining('RangeError: too much') },
  });
});

test('other errors are logged with their cause and properties', () => {
  const err = Object.assign(new Error('disk full', { cause: new Error('write failed') }), { code: 'ENOSPC' });
  const { err: logged } = lineOf(err, { err: serializeError }) as { err: object };
  expect(logged).toMatchObject({
    type: 'Error',
    message: expect.stringContaining('write failed'),
    code: 'ENOSPC',
  });
});

test('the reason why provisioning is blocked is logged although the cache has frozen it', () => {
  const err = new ProvisioningBlockedError(Object.freeze({ ...VPN_DISCONNECTED }));
  expect(lineOf(err)).toMatchObject({ err: { message: VPN_DISCONNECTED.message } });
});
