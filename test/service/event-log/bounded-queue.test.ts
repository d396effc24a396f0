import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '../../../src/service/event-log/bounded-queue.ts';

describe('BoundedQueue', () => {
  it('returns the oldest items first, and at most as many as it contains', () => {
    const queue = new BoundedQueue<number>(10);
    for (const item of [1, 2, 3]) expect(queue.push(item)).toBe(0);
    expect(queue.take(2)).toEqual([1, 2]);
    expect(queue.take(2)).toEqual([3]);
    expect(queue.take(2)).toEqual([]);
    expect(queue.size).toBe(0);
  });

  it('drops the oldest items when full, including items put back', () => {
    const queue = new BoundedQueue<number>(3);
    expect([1, 2, 3, 4, 5].map((item) => queue.push(item))).toEqual([0, 0, 0, 1, 1]);
    const taken = queue.take(2);
    expect(taken).toEqual([3, 4]);
    queue.push(6);
    queue.push(7);
    expect(queue.putBack(taken)).toBe(2);
    expect(queue.take(9)).toEqual([5, 6, 7]);
  });

  it('behaves like an array over thousands of operations', () => {
    const queue = new BoundedQueue<number>(50);
    let model: number[] = [];
    for (let step = 0; step < 5000; step += 1) {
      const count = (step * 7) % 13;
      if (step % 3 === 0) {
        expect(queue.take(count)).toEqual(model.slice(0, count));
        model = model.slice(count);
      } else {
        for (let item = 0; item < count; item += 1) queue.push(step * 100 + item);
        model = [...model, ...Array.from({ length: count }, (_, item) => step * 100 + item)].slice(-50);
      }
      expect(queue.size).toBe(model.length);
    }
  });
});
