import { expect, test } from 'vitest';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';

const EVENT: DomainEvent = { type: 'vpn_changed', vpn: 'gluetun', connected: true };

test('all who listen hear of an event at once, in the order in which they came', () => {
  const bus = new EventBus();
  const heard: string[] = [];
  bus.subscribe(() => heard.push('first'));
  bus.subscribe(() => heard.push('second'));
  bus.publish(EVENT);
  expect(heard).toEqual(['first', 'second']);
});

test('whoever has unsubscribed hears nothing more', () => {
  const bus = new EventBus();
  const heard: DomainEvent[] = [];
  const unsubscribe = bus.subscribe((event) => heard.push(event));
  bus.publish(EVENT);
  unsubscribe();
  bus.publish(EVENT);
  expect(heard).toEqual([EVENT]);
});

test('an event from within a listener is heard by all, before the listeners after it hear of the first', () => {
  const bus = new EventBus();
  const heard: string[] = [];
  bus.subscribe((event) => {
    if (event.type === 'vpn_changed')
      bus.publish({ type: 'breaker_changed', breaker: 'general', state: 'open' });
  });
  bus.subscribe(({ type }) => heard.push(type));
  bus.publish(EVENT);
  expect(heard).toEqual(['breaker_changed', 'vpn_changed']);
});
