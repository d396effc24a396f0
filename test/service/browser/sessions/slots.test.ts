import { expect, test } from 'vitest';
import { Slots } from '../../../../src/service/browser/sessions/slots.ts';
import { FakeClock, settle } from '../../../support/fake-clock.ts';

const never = new AbortController().signal;

test('callers wait in order for places', async () => {
  const slots = new Slots(2, new FakeClock());
  const [first, second] = [await slots.take(1000, never), await slots.take(1000, never)];
  const order: string[] = [];
  const take = async (name: string) => {
    const free = await slots.take(1000, never);
    order.push(name);
    return free;
  };
  const [third, fourth] = [take('third'), take('fourth')];
  await settle();
  expect([slots.used, slots.waiting, order]).toEqual([2, 2, []]);
  first();
  first();
  await settle();
  expect([slots.used, slots.waiting, order]).toEqual([2, 1, ['third']]);
  second();
  for (const free of [await third, await fourth]) free();
  expect([slots.used, slots.waiting, order]).toEqual([0, 0, ['third', 'fourth']]);
});

test('a wait ends at its deadline, and the place goes to the next caller', async () => {
  const clock = new FakeClock();
  const slots = new Slots(1, clock);
  const free = await slots.take(1000, never);
  const short = slots.take(1000, never);
  const long = slots.take(5000, never);
  const refused = expect(short).rejects.toMatchObject({
    code: 'too_many_sessions',
    message: expect.stringContaining('none has ended within 1 s'),
  });
  await clock.advance(1000);
  await refused;
  expect(slots.waiting).toBe(1);
  free();
  (await long)();
  expect([slots.used, slots.waiting]).toEqual([0, 0]);
});

test('a wait can be aborted', async () => {
  const slots = new Slots(1, new FakeClock());
  const free = await slots.take(1000, never);
  const controller = new AbortController();
  const waiting = slots.take(1000, controller.signal);
  controller.abort(new Error('stopping'));
  await expect(waiting).rejects.toThrow('stopping');
  free();
  expect([slots.used, slots.waiting]).toEqual([0, 0]);
  await expect(slots.take(1000, controller.signal)).rejects.toThrow('stopping');
  expect(slots.used).toBe(0);
});
