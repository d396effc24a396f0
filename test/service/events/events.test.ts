import { expect, test } from 'vitest';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';

const EVENT: DomainEvent = { type: 'vpn_changed', vpn: 'gluetun', connected: true };

test('listeners are called synchronously in order of subscription', () => {
  const bus = new EventBus();
  const received: string[] = [];
  bus.subscribe(() => received.push('first'));
  bus.subscribe(() => received.push('second'));
  bus.publish(EVENT);
  expect(received).toEqual(['first', 'second']);
});

test('unsubscribed listeners are not called', () => {
  const bus = new EventBus();
  const received: DomainEvent[] = [];
  const unsubscribe = bus.subscribe((event) => received.push(event));
  bus.publish(EVENT);
  unsubscribe();
  bus.publish(EVENT);
  expect(received).toEqual([EVENT]);
});

test('an event published by a listener is delivered before the first one reaches later listeners', () => {
  const bus = new EventBus();
  const received: string[] = [];
  bus.subscribe((event) => {
    if (event.type === 'vpn_changed')
      bus.publish({ type: 'breaker_changed', breaker: 'general', state: 'open' });
  });
  bus.subscribe(({ type }) => received.push(type));
  bus.publish(EVENT);
  expect(received).toEqual(['breaker_changed', 'vpn_changed']);
});
