import { expect, test } from 'vitest';
import { ProblemError } from '../../src/panel/lib/errors.ts';
import { ServiceClient } from '../../src/panel/lib/service-client.ts';
import { Store } from '../../src/panel/lib/store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aReading } from './fixtures.ts';

function createClient() {
  const clock = new FakeClock();
  const client = new ServiceClient({
    base: 'http://a/',
    fetch: () => Promise.reject(new Error('not used')),
    clock,
    intervalS: new Store(5),
    lastVisit: { eventId: null, save() {} },
  });
  client.apiKey.loggedIn.value = true;
  return { client, clock };
}

test('a resource is shared by its name, and read again by a notice about its key', async () => {
  const { client, clock } = createClient();
  let reads = 0;
  const read = async () => {
    reads += 1;
    return aReading(reads);
  };
  const poller = client.resources.keyed('a', 'apps:a', read);
  expect(client.resources.keyed('a', 'apps:a', read)).toBe(poller);
  const unwatch = poller.watch();
  await clock.advanceAsync(0);
  expect(poller.state.value.value).toBe(1);
  client.resources.onNotice({ type: 'session_changed', keys: ['apps:*', 'browser:*'] });
  await clock.advanceAsync(250);
  expect(reads).toBe(2);
  client.resources.onNotice({ type: 'engine_started', keys: ['engines:*'] });
  await clock.advanceAsync(1000);
  expect(reads).toBe(2);
  unwatch();
});

test('a rejected login ends, and what was read with it is forgotten', async () => {
  const { client, clock } = createClient();
  const read = () => Promise.reject(new ProblemError(401, 'unauthorized', 'The API key is not valid'));
  const poller = client.resources.keyed('a', 'apps:a', read);
  const unwatch = poller.watch();
  await clock.advanceAsync(0);
  expect(client.apiKey.loggedIn.value).toBe(false);
  expect(client.keyRequired.value).toBe(false);
  expect(client.resources.keyed('a', 'apps:a', read)).not.toBe(poller);
  unwatch();
});

test('a hidden tab sends no requests, and resources nobody shows are dropped after 40', async () => {
  const { client, clock } = createClient();
  let reads = 0;
  const read = async () => {
    reads += 1;
    return aReading(reads);
  };
  const shown = client.resources.keyed('shown', 'apps:a', read);
  const unwatch = shown.watch();
  await clock.advanceAsync(0);
  for (let index = 0; index < 60; index += 1) client.resources.keyed(`other ${index}`, 'apps:a', read);
  expect(client.resources.keyed('shown', 'apps:a', read)).toBe(shown);
  client.setHidden(true);
  await clock.advanceAsync(60_000);
  expect(reads).toBe(1);
  client.resources.setPaused(false);
  await clock.advanceAsync(0);
  expect(reads).toBe(2);
  unwatch();
});
