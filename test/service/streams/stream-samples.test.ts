import { describe, expect, test } from 'vitest';
import { createStreams, newStream, sampleAt } from './fixtures.ts';

describe('the figures of a stream', () => {
  test('are those of its last sample, and null before the first', () => {
    const { figures } = createStreams();
    expect(figures.current('a')).toBeNull();
    expect(figures.history('a')).toEqual([]);
    figures.add('a', sampleAt(1));
    figures.add('a', sampleAt(2));
    figures.add('b', sampleAt(3));
    expect(figures.current('a')).toEqual(sampleAt(2));
  });

  test('can get lost, while the history stays, and come back', () => {
    const { figures } = createStreams();
    figures.add('a', sampleAt(1));
    figures.lose('a');
    figures.lose('never-seen');
    expect(figures.current('a')).toBeNull();
    expect(figures.history('a')).toEqual([sampleAt(1)]);
    figures.add('a', sampleAt(2));
    expect(figures.current('a')).toEqual(sampleAt(2));
    expect(figures.history('a')).toEqual([sampleAt(1), sampleAt(2)]);
  });

  test('outlive its end, and begin anew when it starts again', () => {
    const { figures, streams } = createStreams();
    streams.start(newStream('a'));
    figures.add('a', sampleAt(1));
    streams.end('a', null);
    expect(figures.current('a')).toEqual(sampleAt(1));
    streams.start(newStream('a'));
    expect(figures.current('a')).toBeNull();
    expect(figures.history('a')).toEqual([]);
  });
});

describe('the history of a stream', () => {
  test('holds so many of the last samples', () => {
    const { figures } = createStreams(3);
    for (const time of [1, 2, 3, 4, 5]) figures.add('a', sampleAt(time));
    expect(figures.history('a')).toEqual([3, 4, 5].map(sampleAt));
  });

  test('can be one sample', () => {
    const { figures } = createStreams(1);
    for (const time of [1, 2]) figures.add('a', sampleAt(time));
    expect(figures.history('a')).toEqual([sampleAt(2)]);
    expect(figures.current('a')).toEqual(sampleAt(2));
  });

  test('is told from a moment on, that moment included', () => {
    const { figures } = createStreams();
    for (const time of [10, 20, 30]) figures.add('a', sampleAt(time));
    expect(figures.history('a', 20)).toEqual([20, 30].map(sampleAt));
    expect(figures.history('a', 31)).toEqual([]);
  });
});

describe('all histories together', () => {
  const lengths = (figures: ReturnType<typeof createStreams>['figures'], ids: string[]) =>
    ids.map((id) => figures.history(id).length);

  test('are bounded: what was sampled longest ago goes first', () => {
    const { figures } = createStreams(100, 6);
    for (const time of [1, 2, 3]) figures.add('ended', sampleAt(time));
    for (const time of [4, 5, 6]) figures.add('a', sampleAt(time));
    expect(lengths(figures, ['ended', 'a'])).toEqual([3, 3]);
    figures.add('a', sampleAt(7));
    expect(figures.history('ended')).toEqual([2, 3].map(sampleAt));
    for (const time of [8, 9]) figures.add('a', sampleAt(time));
    expect(lengths(figures, ['ended', 'a'])).toEqual([0, 6]);
    expect(figures.current('ended')).toBeNull();
  });

  test('are shared evenly by streams that are all sampled', () => {
    const { figures } = createStreams(100, 30);
    const ids = ['a', 'b', 'c'];
    for (let time = 1; time <= 50; time += 1) for (const id of ids) figures.add(id, sampleAt(time));
    expect(lengths(figures, ids)).toEqual([10, 10, 10]);
    for (const id of ids) expect(figures.current(id)).toEqual(sampleAt(50));
  });

  test('are counted right when streams start again', () => {
    const { figures, streams } = createStreams(100, 4);
    for (let round = 0; round < 5; round += 1) {
      streams.start(newStream('a'));
      for (const time of [1, 2, 3, 4]) figures.add('a', sampleAt(time));
      streams.end('a', null);
    }
    expect(figures.history('a')).toHaveLength(4);
  });
});
