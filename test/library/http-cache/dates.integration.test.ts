import { describe, expect, test } from 'vitest';
import { formatHttpDate } from '../../../src/library/http-cache/http-date.ts';
import { type OriginReply, openCache } from './support.ts';

describe('a response without validators', () => {
  /** Opens a cache over an origin whose resource changed at a time, in seconds since the epoch. */
  const open = async (cacheControl: string, options: { sendsDate: boolean }) => {
    const conditions: (string | undefined)[] = [];
    const now = (): number => setup.wallClock();
    const state = { changedAt: 0, conditions };
    const setup = await openCache((request): OriginReply => {
      const condition = request.headers['if-modified-since'];
      conditions.push(condition);
      const headers: Record<string, string> = {
        'cache-control': cacheControl,
        ...(options.sendsDate ? { date: formatHttpDate(now()) } : {}),
      };
      const isUnchanged = condition !== undefined && state.changedAt <= Date.parse(condition) / 1000;
      return isUnchanged ? { status: 304, headers, body: '' } : { headers, body: `of ${state.changedAt}` };
    });
    return Object.assign(setup, { state });
  };

  test('is validated with the second before its Date', async () => {
    await using setup = await open('max-age=10', { sendsDate: true });
    const date = Math.floor(setup.wallClock() / 1000);
    setup.state.changedAt = date - 100;
    await setup.get();
    setup.clock.advance(11_000);
    const reply = await setup.get();
    expect([reply.body, reply.cacheStatus]).toEqual([
      `of ${date - 100}`,
      'roundhouse; fwd=stale; fwd-status=304; ttl=10',
    ]);
    expect(setup.state.conditions).toEqual([undefined, formatHttpDate((date - 1) * 1000)]);
  });

  test('that changed within the second of its Date is not taken for the new one', async () => {
    await using setup = await open('max-age=10', { sendsDate: true });
    await setup.get();
    // After the response was generated, but in the same second.
    setup.clock.advance(900);
    setup.state.changedAt = Math.floor(setup.wallClock() / 1000);
    setup.clock.advance(11_000);
    expect((await setup.get()).body).toBe(`of ${setup.state.changedAt}`);
  });

  test('is not validated by the clock of this process', async () => {
    await using setup = await open('max-age=10', { sendsDate: false });
    await setup.get();
    setup.clock.advance(11_000);
    await setup.get();
    expect(setup.state.conditions).toEqual([undefined, undefined]);
  });

  test.each([{ 'if-none-match': '"a"' }, { 'if-modified-since': formatHttpDate(0) }])(
    "does not replace the client's condition %j",
    async (condition) => {
      await using setup = await open('max-age=10', { sendsDate: true });
      setup.state.changedAt = 100;
      await setup.get();
      setup.clock.advance(11_000);
      await setup.get('/', condition);
      expect(setup.state.conditions[1]).toBe(condition['if-modified-since']);
    },
  );
});

describe('ages below a second', () => {
  test.each([0, 1, 500, 999])('a lifetime of a second is not shortened by a Date %i ms ago', async (ms) => {
    const setup = await openCache(
      (): OriginReply => ({
        headers: {
          'cache-control': 'max-age=1',
          date: formatHttpDate(Math.floor(setup.wallClock() / 1000) * 1000),
        },
      }),
    );
    await using _ = setup;
    setup.clock.advance(ms);
    await setup.get();
    setup.clock.advance(999);
    const hit = await setup.get();
    expect([hit.cacheStatus, hit.headers.get('age')]).toEqual(['roundhouse; hit; ttl=0', '0']);
    setup.clock.advance(1);
    expect((await setup.get()).cacheStatus).toContain('fwd=stale');
  });

  test('a Date that is a second or more ago is an age', async () => {
    const setup = await openCache(
      (): OriginReply => ({
        headers: { 'cache-control': 'max-age=10', date: formatHttpDate(setup.wallClock() - 2000) },
      }),
    );
    await using _ = setup;
    await setup.get();
    expect((await setup.get()).headers.get('age')).toBe('2');
  });

  test.each([
    [1499, '1'],
    [1500, '1'],
    [1999, '1'],
    [2000, '2'],
  ])('after %i ms, the Age is %s', async (ms, age) => {
    await using setup = await openCache({ headers: { 'cache-control': 'max-age=10' } });
    await setup.get();
    setup.clock.advance(ms);
    expect((await setup.get()).headers.get('age')).toBe(age);
  });
});
