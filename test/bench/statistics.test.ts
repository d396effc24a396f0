import { describe, expect, it } from 'vitest';
import { ratios, spreadOf } from '../../bench/support/statistics.ts';

describe('spreadOf', () => {
  it('takes the middle of an odd number of rounds, in the order of their size', () => {
    expect(spreadOf([10, 9, 100, 1, 2])).toEqual({ median: 9, min: 1, max: 100 });
  });

  it('takes the mean of the middle two of an even number', () => {
    expect(spreadOf([8, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 8 });
  });

  it('takes the only round for all three', () => {
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  });

  it('leaves the rounds in their order', () => {
    const rounds = [3, 1, 2];
    spreadOf(rounds);
    expect(rounds).toEqual([3, 1, 2]);
  });

  it.each([[[]], [[1, Number.NaN]], [[Number.NaN]], [[1, Number.POSITIVE_INFINITY]]])(
    'refuses %j',
    (rounds) => {
      expect(() => spreadOf(rounds)).toThrow(RangeError);
    },
  );
});

describe('ratios', () => {
  it('divides each round by its own peer, so that a slow spell of the machine cancels out', () => {
    expect(ratios([90, 45, 9], [100, 50, 10])).toEqual([0.9, 0.9, 0.9]);
  });

  it('refuses rounds that do not pair up', () => {
    expect(() => ratios([1, 2], [1])).toThrow(RangeError);
    expect(() => ratios([1], [1, 2])).toThrow(RangeError);
  });

  it('refuses a peer without a figure', () => {
    expect(() => ratios([1, 1], [1, 0])).toThrow(/round 2/);
  });
});
