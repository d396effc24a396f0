import { describe, expect, test } from 'vitest';
import { createStreams, newStream, sampleAt } from './fixtures.ts';

describe('the current sample of a stream', () => {
  test('is the latest one, and null before the first', () => {
    const { samples } = createStreams();
    expect(samples.current('a')).toBeNull();
    expect(samples.history('a')).toEqual([]);
    samples.add('a', sampleAt(1));
    samples.add('a', sampleAt(2));
    samples.add('b', sampleAt(3));
    expect(samples.current('a')).toEqual(sampleAt(2));
  });

  test('can become out of date, while the history is kept', () => {
    const { samples } = createStreams();
    samples.add('a', sampleAt(1));
    samples.markStale('a');
    samples.markStale('never-seen');
    expect(samples.current('a')).toBeNull();
    expect(samples.history('a')).toEqual([sampleAt(1)]);
    samples.add('a', sampleAt(2));
    expect(samples.current('a')).toEqual(sampleAt(2));
    expect(samples.history('a')).toEqual([sampleAt(1), sampleAt(2)]);
  });

  test('is kept after the end of the stream until it starts again', () => {
    const { samples, streams } = createStreams();
    streams.start(newStream('a'));
    samples.add('a', sampleAt(1));
    streams.end('a', null);
    expect(samples.current('a')).toEqual(sampleAt(1));
    streams.start(newStream('a'));
    expect(samples.current('a')).toBeNull();
    expect(samples.history('a')).toEqual([]);
  });
});

describe('the history of a stream', () => {
  test('is limited to the latest samples', () => {
    const { samples } = createStreams(3);
    for (const time of [1, 2, 3, 4, 5]) samples.add('a', sampleAt(time));
    expect(samples.history('a')).toEqual([3, 4, 5].map(sampleAt));
  });

  test('can be limited to one sample', () => {
    const { samples } = createStreams(1);
    for (const time of [1, 2]) samples.add('a', sampleAt(time));
    expect(samples.history('a')).toEqual([sampleAt(2)]);
    expect(samples.current('a')).toEqual(sampleAt(2));
  });

  test('can be read from a time, inclusive', () => {
    const { samples } = createStreams();
    for (const time of [10, 20, 30]) samples.add('a', sampleAt(time));
    expect(samples.history('a', 20)).toEqual([20, 30].map(sampleAt));
    expect(samples.history('a', 31)).toEqual([]);
  });
});

describe('all histories', () => {
  const lengths = (samples: ReturnType<typeof createStreams>['samples'], ids: string[]) =>
    ids.map((id) => samples.history(id).length);

  test('are bounded together: the least recently sampled stream is shortened first', () => {
    const { samples } = createStreams(100, 6);
    for (const time of [1, 2, 3]) samples.add('ended', sampleAt(time));
    for (const time of [4, 5, 6]) samples.add('a', sampleAt(time));
    expect(lengths(samples, ['ended', 'a'])).toEqual([3, 3]);
    samples.add('a', sampleAt(7));
    expect(samples.history('ended')).toEqual([2, 3].map(sampleAt));
    for (const time of [8, 9]) samples.add('a', sampleAt(time));
    expect(lengths(samples, ['ended', 'a'])).toEqual([0, 6]);
    expect(samples.current('ended')).toBeNull();
  });

  test('are equally long if all streams are sampled', () => {
    const { samples } = createStreams(100, 30);
    const ids = ['a', 'b', 'c'];
    for (let time = 1; time <= 50; time += 1) for (const id of ids) samples.add(id, sampleAt(time));
    expect(lengths(samples, ids)).toEqual([10, 10, 10]);
    for (const id of ids) expect(samples.current(id)).toEqual(sampleAt(50));
  });

  test('are counted correctly when streams start again', () => {
    const { samples, streams } = createStreams(100, 4);
    for (let round = 0; round < 5; round += 1) {
      streams.start(newStream('a'));
      for (const time of [1, 2, 3, 4]) samples.add('a', sampleAt(time));
      streams.end('a', null);
    }
    expect(samples.history('a')).toHaveLength(4);
  });
});
