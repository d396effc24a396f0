import { expect, test } from 'vitest';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import { INVALIDATED_KEYS } from '../../../src/service/events/invalidation.ts';
import { type ChangeNotice, ChangeFeed } from '../../../src/service/events/change-feed.ts';

function start(most = 3) {
  const bus = new EventBus();
  const notices = new ChangeFeed(bus, most);
  const heard: ChangeNotice[] = [];
  const unsubscribe = notices.subscribe((notice) => heard.push(notice));
  const publish = (count: number) => {
    for (let index = 0; index < count; index += 1) bus.publish({ type: 'vpn_restarted', vpn: `${index}` });
  };
  return { bus, notices, heard, unsubscribe, publish };
}

test('an event becomes a notice within the same turn, with the keys of the invalidation table', () => {
  const { bus, heard, notices } = start();
  const event: DomainEvent = { type: 'engine_stopped', engineId: 'e', reason: 'gone' };
  bus.publish(event);
  expect(heard).toEqual([
    { id: notices.lastId, event, keys: INVALIDATED_KEYS.engine_stopped, at: expect.any(Number) },
  ]);
  expect(Math.abs(heard[0]!.at - Date.now())).toBeLessThan(1000);
});

test('ids are all different, those of another run too', () => {
  const [one, other] = [start(), start()];
  for (const { publish } of [one, other]) publish(3);
  const ids = [...one.heard, ...other.heard].map(({ id }) => id);
  expect(new Set(ids).size).toBe(6);
});

test('who comes back is told what it missed, in order', () => {
  const { notices, heard, publish } = start();
  const beginning = notices.lastId;
  expect(notices.since(beginning)).toEqual([]);
  publish(3);
  expect(notices.since(beginning)).toEqual(heard);
  expect(notices.since(heard[1]!.id)).toEqual([heard[2]]);
  expect(notices.since(heard[2]!.id)).toEqual([]);
});

test('what is too long ago is forgotten, and said to be', () => {
  const { notices, heard, publish } = start(3);
  publish(5);
  expect(notices.since(heard[0]!.id)).toBeNull();
  expect(notices.since(heard[1]!.id)).toEqual(heard.slice(2));
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
])('an id that was never given is known as such: %s', (id) => {
  const { notices, publish } = start();
  publish(2);
  const [run] = notices.lastId.split('-');
  expect(notices.since(`${run}-1`)).toHaveLength(1);
  expect(notices.since(id.replace('RUN', run!))).toBeNull();
});

test('the id of another run means nothing', () => {
  const [former, present] = [start(), start()];
  former.publish(1);
  present.publish(2);
  expect(present.notices.since(former.notices.lastId)).toBeNull();
});

test('who has unsubscribed hears no more', () => {
  const { heard, unsubscribe, publish } = start();
  unsubscribe();
  publish(1);
  expect(heard).toEqual([]);
});
