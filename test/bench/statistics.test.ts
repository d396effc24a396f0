import { describe, expect, it } from 'vitest';
import { ratios, spreadOf } from '../../bench/support/statistics.ts';

describe('spreadOf', () => {
  it('returns the middle value of an odd number of rounds', () => {
    expect(spreadOf([10, 9, 100, 1, 2])).toEqual({ median: 9, min: 1, max: 100 });
  });

  it('returns the mean of the two middle values of an even number', () => {
    expect(spreadOf([8, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 8 });
  });

  it('returns the value of a single round', () => {
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  });

  it('does not modify the rounds', () => {
    const rounds = [3, 1, 2];
    spreadOf(rounds);
    expect(rounds).toEqual([3, 1, 2]);
  });

  it.each([[[]], [[1, Number.NaN]], [[Number.NaN]], [[1, Number.POSITIVE_INFINITY]]])(
    'rejects %j',
    (rounds) => {
      expect(() => spreadOf(rounds)).toThrow(RangeError);
    },
  );
});

describe('ratios', () => {
  it('divides each round by the same round of the peer', () => {
    expect(ratios([90, 45, 9], [100, 50, 10])).toEqual([0.9, 0.9, 0.9]);
  });

  it('rejects different numbers of rounds', () => {
    expect(() => ratios([1, 2], [1])).toThrow(RangeError);
    expect(() => ratios([1], [1, 2])).toThrow(RangeError);
  });

  it('rejects a value of 0', () => {
    expect(() => ratios([1, 1], [1, 0])).toThrow(/round 2/);
  });
});
