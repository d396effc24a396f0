import { expect, test } from 'vitest';
import { ChangeFeed, type ChangeNotice } from '../../../src/service/events/change-feed.ts';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import { INVALIDATED_KEYS } from '../../../src/service/events/invalidation.ts';

function start(maxKept = 3) {
  const bus = new EventBus();
  const feed = new ChangeFeed(bus, maxKept);
  const received: ChangeNotice[] = [];
  const unsubscribe = feed.subscribe((notice) => received.push(notice));
  const publish = (count: number) => {
    for (let index = 0; index < count; index += 1) bus.publish({ type: 'vpn_restarted', vpn: `${index}` });
  };
  return { bus, feed, received, unsubscribe, publish };
}

test('an event becomes a notice synchronously, with the keys it invalidates', () => {
  const { bus, received, feed } = start();
  const event: DomainEvent = { type: 'engine_stopped', engineId: 'e', reason: 'gone' };
  bus.publish(event);
  expect(received).toEqual([
    { id: feed.lastId, event, keys: INVALIDATED_KEYS.engine_stopped, at: expect.any(Number) },
  ]);
  expect(Math.abs(received[0]!.at - Date.now())).toBeLessThan(1000);
});

test('ids are unique across runs', () => {
  const [one, other] = [start(), start()];
  for (const { publish } of [one, other]) publish(3);
  const ids = [...one.received, ...other.received].map(({ id }) => id);
  expect(new Set(ids).size).toBe(6);
});

test('a subscriber that reconnects gets the missed notices in order', () => {
  const { feed, received, publish } = start();
  const beginning = feed.lastId;
  expect(feed.since(beginning)).toEqual([]);
  publish(3);
  expect(feed.since(beginning)).toEqual(received);
  expect(feed.since(received[1]!.id)).toEqual([received[2]]);
  expect(feed.since(received[2]!.id)).toEqual([]);
});

test('since() returns null if notices were dropped', () => {
  const { feed, received, publish } = start(3);
  publish(5);
  expect(feed.since(received[0]!.id)).toBeNull();
  expect(feed.since(received[1]!.id)).toEqual(received.slice(2));
});

test.each([
  'rubbish',
  '',
  '-',
  '-1',
  '1',
  'RUN-',
  'RUN--1',
  'RUN-1.5',
  'RUN-0x1',
  'RUN-99',
  'RUN-1e1',
  `RUN-${'9'.repeat(400)}`,
])('since() returns null for an unknown id: %s', (id) => {
  const { feed, publish } = start();
  publish(2);
  const [run] = feed.lastId.split('-');
  expect(feed.since(`${run}-1`)).toHaveLength(1);
  expect(feed.since(id.replace('RUN', run!))).toBeNull();
});

test('since() returns null for an id of another run', () => {
  const [former, present] = [start(), start()];
  former.publish(1);
  present.publish(2);
  expect(present.feed.since(former.feed.lastId)).toBeNull();
});

test('unsubscribing ends the notices', () => {
  const { received, unsubscribe, publish } = start();
  unsubscribe();
  publish(1);
  expect(received).toEqual([]);
});
