import { describe, expect, test } from 'vitest';
import { withinDeadline } from '../../../src/library/util/deadline.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

function setUp(outer?: AbortSignal) {
  const clock = new FakeClock();
  let signal: AbortSignal | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const result = withinDeadline(
    { clock, timeoutMs: 3000, subject: 'The server', ...(outer && { signal: outer }) },
    (given) => {
      signal = given;
      return promise;
    },
  );
  return { clock, result, resolve, reject, signal: () => signal };
}

describe('withinDeadline', () => {
  test('resolves with the result, aborts the signal and leaves no timer', async () => {
    const { clock, result, resolve, signal } = setUp();
    expect(signal()?.aborted).toBe(false);
    resolve('response');
    expect(await result).toBe('response');
    expect(signal()?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('rejects with the error of the operation', async () => {
    const { clock, result, reject } = setUp();
    reject(new Error('connection refused'));
    await expect(result).rejects.toThrow('connection refused');
    expect(clock.pending).toBe(0);
  });

  test('rejects at the deadline, even if the operation ignores its signal', async () => {
    const { clock, result, signal } = setUp();
    const rejected = expect(result).rejects.toThrow('The server did not answer within 3 s');
    clock.advance(2999);
    expect(signal()?.aborted).toBe(false);
    clock.advance(1);
    await rejected;
    expect(signal()?.aborted).toBe(true);
  });

  test('rejects with the reason of the outer signal, before or during the operation', async () => {
    const controller = new AbortController();
    const { clock, result } = setUp(controller.signal);
    const rejected = expect(result).rejects.toThrow('stopped');
    controller.abort(new Error('stopped'));
    await rejected;
    expect(clock.pending).toBe(0);
    const late = setUp(controller.signal);
    await expect(late.result).rejects.toThrow('stopped');
    expect(late.signal()).toBeUndefined();
  });

  test('an operation that fails after the deadline is no unhandled rejection', async () => {
    const { clock, result, reject } = setUp();
    const rejected = expect(result).rejects.toThrow('did not answer');
    clock.advance(3000);
    await rejected;
    reject(new Error('late'));
    await settle();
  });
});
