import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { repeatOnNetworkChange } from '../../../../src/service/browser/sessions/network-changes.ts';

const CHANGED = { failure: () => ({ errorText: 'net::ERR_NETWORK_CHANGED' }) };
const REFUSED = { failure: () => ({ errorText: 'net::ERR_CONNECTION_REFUSED' }) };

function contextWith(failures: readonly (object | Error | null)[]) {
  const context = new EventEmitter();
  let attempts = 0;
  const load = async () => {
    const failure = failures[attempts] ?? null;
    attempts += 1;
    if (failure instanceof Error) throw failure;
    if (failure) context.emit('requestfailed', failure);
    return attempts;
  };
  return { context, load, attempts: () => attempts };
}

test('a page is loaded again after a change of the network, whether it loaded or not', async () => {
  const { context, load } = contextWith([
    CHANGED,
    new Error('page.goto: net::ERR_NETWORK_CHANGED at x'),
    null,
  ]);
  expect(await repeatOnNetworkChange(context, load)).toBe(3);
  expect(context.listenerCount('requestfailed')).toBe(0);
});

test('other failures are not repeated', async () => {
  const refused = contextWith([REFUSED]);
  expect(await repeatOnNetworkChange(refused.context, refused.load)).toBe(1);
  const failed = contextWith([new Error('status 404')]);
  await expect(repeatOnNetworkChange(failed.context, failed.load)).rejects.toThrow('status 404');
  expect(failed.attempts()).toBe(1);
});

test('a network that does not settle is accepted after five attempts', async () => {
  const loaded = contextWith(Array(10).fill(CHANGED));
  expect(await repeatOnNetworkChange(loaded.context, loaded.load)).toBe(5);
  const failed = contextWith(Array(10).fill(new Error('net::ERR_NETWORK_CHANGED')));
  await expect(repeatOnNetworkChange(failed.context, failed.load)).rejects.toThrow('NETWORK_CHANGED');
  expect(failed.attempts()).toBe(5);
});
