import { describe, expect, test } from 'vitest';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { createStreams, newStream } from './fixtures.ts';

describe('a stream', () => {
  test('starts and ends once, with a reason', () => {
    const { streams, events } = createStreams();
    const started = streams.start(newStream('a'));
    expect(streams.start(newStream('a', { key: 'other' }))).toBe(started);
    expect(streams.get('a')).toBe(started);
    expect(streams.end('a', 'closed')).toMatchObject({ id: 'a', endedAt: expect.any(Number) });
    expect(streams.end('a', 'closed')).toBeNull();
    expect(events).toEqual([
      { type: 'stream_started', streamId: 'a', engineId: 'engine-1' },
      { type: 'stream_ended', streamId: 'a', engineId: 'engine-1', reason: 'closed' },
    ]);
  });

  test('is kept after its end; an unknown id is not found', () => {
    const { streams } = createStreams();
    streams.start(newStream('a'));
    const ended = streams.end('a', null);
    expect(streams.require('a')).toBe(ended);
    expect(streams.started()).toEqual([]);
    expect(() => streams.require('b')).toThrow(RoundhouseError);
  });

  test('ends with its engine, unlike streams of other engines', () => {
    const { streams, bus, events } = createStreams();
    for (const [id, engineId] of [
      ['a', 'one'],
      ['b', 'two'],
      ['c', 'one'],
      ['d', null],
    ] as const)
      streams.start(newStream(id, { engineId }));
    events.length = 0;
    bus.publish({ type: 'engine_stopped', engineId: 'one', reason: 'gone' });
    expect(streams.started().map(({ id }) => id)).toEqual(['b', 'd']);
    expect(events.slice(1)).toEqual(
      ['a', 'c'].map((streamId) => ({
        type: 'stream_ended',
        streamId,
        engineId: 'one',
        reason: 'engine_stopped',
      })),
    );
  });
});

describe('the number of kept streams', () => {
  test('is limited to 5000 started ones; the oldest is ended', () => {
    const { streams, events } = createStreams();
    for (let index = 0; index < 5000; index += 1) streams.start(newStream(`s${index}`));
    expect(streams.counts()).toMatchObject({ active: 5000, total: 5000 });
    streams.start(newStream('one more'));
    expect(streams.counts().active).toBe(5000);
    expect(streams.get('s0')?.endedAt).not.toBeNull();
    expect(events.at(-1)).toMatchObject({ type: 'stream_ended', streamId: 's0', reason: 'forgotten' });
  });

  test('is limited to 1000 ended ones', () => {
    const { streams } = createStreams();
    for (let index = 0; index <= 1000; index += 1) {
      streams.start(newStream(`s${index}`));
      streams.end(`s${index}`, null);
    }
    expect(streams.counts()).toMatchObject({ active: 0, total: 1000 });
    expect(streams.get('s0')).toBeUndefined();
    expect(streams.get('s1')).toBeDefined();
  });
});
