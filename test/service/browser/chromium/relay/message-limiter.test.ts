import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MessageLimiter,
  TOO_LARGE,
} from '../../../../../src/service/browser/chromium/relay/message-limiter.ts';

const SESSION = '0123ABCD';

/** A console message as Chromium writes it. */
function consoleMessage(text: string, type = 'log'): object {
  const args = [{ type: 'string', value: text }];
  return { method: 'Runtime.consoleAPICalled', params: { type, args, timestamp: 1 }, sessionId: SESSION };
}

function pipe(...messages: object[]): Buffer {
  return Buffer.from(messages.map((message) => `${JSON.stringify(message)}\0`).join(''));
}

function parse(output: readonly Buffer[]): Record<string, unknown>[] {
  const text = Buffer.concat([...output]).toString();
  expect(text === '' || text.endsWith('\0')).toBe(true);
  return text
    .split('\0')
    .slice(0, -1)
    .map((message) => JSON.parse(message));
}

/** Sends bytes in chunks of the size of a pipe. */
function pushAll(limiter: MessageLimiter, bytes: Buffer, chunkBytes = 65_536): Record<string, unknown>[] {
  const output: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += chunkBytes)
    output.push(...limiter.push(bytes.subarray(start, start + chunkBytes)));
  return parse(output);
}

test('messages within the limits pass unchanged, however they are split', () => {
  const message = fc.record({ id: fc.nat(), result: fc.record({ text: fc.string({ unit: 'binary' }) }) });
  const property = fc.property(
    fc.array(message, { maxLength: 8 }),
    fc.integer({ min: 1, max: 40 }),
    (messages, chunkBytes) => {
      expect(pushAll(new MessageLimiter(), pipe(...messages), chunkBytes)).toEqual(messages);
    },
  );
  fc.assert(property, { numRuns: 30 });
});

test('what is no message is dropped', () => {
  const bytes = Buffer.concat([Buffer.from('garbage\0\0{"x":1}\0'), pipe({ id: 1, result: {} })]);
  expect(pushAll(new MessageLimiter(), bytes)).toEqual([{ id: 1, result: {} }]);
});

describe('a message that is too large', () => {
  test('becomes an error if it is a response', () => {
    const large = { id: 7, result: { value: 'x'.repeat(64 * 2 ** 20) }, sessionId: SESSION };
    expect(pushAll(new MessageLimiter(), pipe(large, { id: 8, result: {} }))).toEqual([
      { id: 7, error: { code: -32_000, message: TOO_LARGE }, sessionId: SESSION },
      { id: 8, result: {} },
    ]);
  });

  test('is dropped if it is an event', () => {
    const large = { method: 'Network.requestWillBeSent', params: { url: 'x'.repeat(2 ** 20) } };
    expect(pushAll(new MessageLimiter(), pipe(large, { id: 8, result: {} }))).toEqual([
      { id: 8, result: {} },
    ]);
  });

  test('is shortened if it is a console message', () => {
    const [entry] = pushAll(new MessageLimiter(), pipe(consoleMessage(`a "b"\n${'x'.repeat(1e6)}`, 'error')));
    expect(entry).toMatchObject({
      method: 'Log.entryAdded',
      params: { entry: { level: 'error', text: expect.stringMatching(/^a "b"\nx{8186}… \(\d{7} bytes\)$/) } },
      sessionId: SESSION,
    });
  });

  test('is shortened between the units of an escape sequence or a character', () => {
    const end = '"},"sessionId":"0123ABCD"}\0';
    for (const unit of ['\\u00e9', '\\ud83d\\ude00', '😀', '\\n']) {
      for (let offset = 0; offset < 13; offset += 1) {
        const start = `{"method":"Runtime.exceptionThrown","params":{"description":"${'y'.repeat(offset)}`;
        const bytes = Buffer.from(start + unit.repeat(100_000 / unit.length) + end);
        const [entry] = pushAll(new MessageLimiter(), bytes);
        expect(entry).toMatchObject({ params: { entry: { level: 'error' } }, sessionId: SESSION });
      }
    }
  });

  test('has no influence on its session: a page cannot write to that of another', () => {
    const text = `","sessionId":"FFFF"}${'x'.repeat(1e6)}","sessionId":"FFFF"}`;
    expect(pushAll(new MessageLimiter(), pipe(consoleMessage(text)))).toMatchObject([{ sessionId: SESSION }]);
  });
});

describe('console messages', () => {
  test('are dropped while a page writes too many, and their number is reported', () => {
    let now = 0;
    const limiter = new MessageLimiter(() => now);
    const many = Array.from({ length: 5000 }, (_, index) => consoleMessage(String(index)));
    expect(pushAll(limiter, pipe(...many))).toEqual(many.slice(0, 2000));
    expect(parse(limiter.report())).toEqual([]);
    now = 1000;
    expect(parse(limiter.report())).toMatchObject([
      {
        params: { entry: { text: '3000 console messages were dropped, because the page writes too many' } },
        sessionId: SESSION,
      },
    ]);
    expect(parse(limiter.report())).toEqual([]);
    expect(pushAll(limiter, pipe(...many))).toHaveLength(500);
  });

  test('of one page do not affect those of another, nor responses', () => {
    const limiter = new MessageLimiter(() => 0);
    pushAll(limiter, pipe(...Array.from({ length: 3000 }, () => consoleMessage('x'))));
    const others = [
      { ...consoleMessage('other'), sessionId: 'FF' },
      { id: 1, result: {} },
    ];
    expect(pushAll(limiter, pipe(consoleMessage('x'), ...others))).toEqual(others);
  });

  test('are limited in bytes too', () => {
    const limiter = new MessageLimiter(() => 0);
    const output = pushAll(
      limiter,
      pipe(...Array.from({ length: 300 }, () => consoleMessage('x'.repeat(5e4)))),
    );
    expect(output).toHaveLength(167);
  });
});
