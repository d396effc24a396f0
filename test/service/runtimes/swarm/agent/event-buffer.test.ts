import { expect, test } from 'vitest';
import { EventBuffer } from '../../../../../src/service/runtimes/swarm/agent/event-buffer.ts';

const event = (id: number) => ({ type: 'ended' as const, serviceId: `s${id}`, containerId: `c${id}` });

test('a client that reconnects gets exactly what it has missed, as long as that is kept', () => {
  const buffer = new EventBuffer(3);
  for (const id of [1, 2, 3, 4]) buffer.push(event(id));
  expect(buffer.sequence).toBe(4);
  expect(buffer.since(4)).toEqual([]);
  expect(buffer.since(2)?.map(({ sequence }) => sequence)).toEqual([3, 4]);
  expect(buffer.since(1)?.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  expect(buffer.since(0)).toBeNull();
  // A number of another run, or none.
  expect(buffer.since(5)).toBeNull();
  expect(buffer.since(Number.NaN)).toBeNull();
});

test('events go to all listeners, until they unsubscribe', () => {
  const buffer = new EventBuffer(3);
  const received: number[] = [];
  const unsubscribe = buffer.subscribe(({ sequence }) => received.push(sequence));
  buffer.push(event(1));
  unsubscribe();
  buffer.push(event(2));
  expect(received).toEqual([1]);
});
