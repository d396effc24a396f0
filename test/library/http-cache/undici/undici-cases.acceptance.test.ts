import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, type Dispatcher, interceptors } from 'undici';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHttpCache } from '../../../../src/library/http-cache/index.ts';
import { CASES, type Case, type Outcome } from './cases.ts';

const START = Date.UTC(2026, 0, 1);

afterEach(() => {
  vi.useRealTimers();
});

/** Runs a case through an interceptor. The requests name the origin as undici's tests do. */
async function run(
  { replies, steps }: Case,
  interceptor: Dispatcher.DispatcherComposeInterceptor,
): Promise<Outcome[]> {
  vi.useFakeTimers({ toFake: ['Date'], now: START });
  const received: IncomingMessage[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { ':status': status = '200', ...headers } = replies[Math.min(received.length, replies.length - 1)]!;
    received.push(request);
    const isConditional = isValidation(request);
    response.writeHead(isConditional ? 304 : Number(status), {
      date: new Date(Date.now()).toUTCString(),
      ...headers,
    });
    const hasNoBody = isConditional || status === '204';
    response.end(hasNoBody ? undefined : status === '206' ? 'b' : 'body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const dispatcher = client.compose(interceptor);
  try {
    const outcomes: Outcome[] = [];
    for (const { method = 'GET', path = '/', headers = {}, afterS = 0 } of steps) {
      vi.setSystemTime(Date.now() + afterS * 1000);
      const before = received.length;
      const options = { origin: 'localhost', path, method: method as Dispatcher.HttpMethod, headers };
      const { body } = await dispatcher.request(options);
      await body.text();
      const request = received[before];
      outcomes.push(request === undefined ? 'cache' : isValidation(request) ? 'validated' : 'origin');
    }
    return outcomes;
  } finally {
    await client.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function isValidation({ headers }: IncomingMessage): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined;
}

describe("behaviours of undici's cache", () => {
  test.each(CASES.map((one) => [one.name, one] as const))('%s: undici', async (_, one) => {
    expect(await run(one, interceptors.cache(one.options))).toEqual(one.undici);
  });

  test.each(CASES.map((one) => [one.name, one] as const))('%s: ours', async (_, one) => {
    // As in undici, the time is read anew each time: the fake clock is installed later.
    const wallClock = () => Date.now();
    await using cache = createHttpCache({ mode: 'shared', wallClock, ...one.options });
    expect(await run(one, cache.interceptor())).toEqual(one.ours ?? one.undici);
  });

  test('each difference has a reason', () => {
    const differing = CASES.filter(({ ours }) => ours !== undefined);
    expect(differing.filter(({ why, ours, undici }) => !why || String(ours) === String(undici))).toEqual([]);
    expect(CASES.filter(({ why, ours }) => why !== undefined && ours === undefined)).toEqual([]);
    expect(differing.length).toBeLessThan(CASES.length / 10);
  });
});
