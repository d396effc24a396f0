import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, getGlobalDispatcher, request } from 'undici';
import { createHttpCache, type HttpCacheOptions } from '../../../src/library/http-cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startStubServer } from '../../support/http/stub-server.ts';

/** What an origin answers with; lines of a field are a list. */
export interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** Answers without the Date that Node adds by the machine's clock. */
export function send(response: ServerResponse, { status = 200, headers = {}, body = 'body' }: Answer): void {
  response.sendDate = false;
  response.writeHead(status, headers).end(body);
}

/** An origin, a cache before it, and the time that both caches and tests go by. */
export async function openCache<Service extends string = string>(
  answer: Answer | ((request: IncomingMessage, response: ServerResponse) => Answer | undefined),
  options: HttpCacheOptions<Service> = {},
) {
  const origin = await startStubServer((request, response) => {
    const given = typeof answer === 'function' ? answer(request, response) : answer;
    if (given) send(response, given);
  });
  const clock = new FakeClock();
  // A whole second: HTTP dates have no smaller part.
  const start = Math.floor(Date.now() / 1000) * 1000 - clock.now();
  let setBackMs = 0;
  const wallClock = () => start + clock.now() - setBackMs;
  const cache = createHttpCache({ clock, wallClock, ...options });
  const url = `http://127.0.0.1:${origin.port}`;
  return {
    origin,
    clock,
    cache,
    url,
    wallClock,
    setBack(ms: number) {
      setBackMs += ms;
    },
    /** Reads a path through the cache. */
    async get(path = '/', headers: Record<string, string> = {}, method = 'GET') {
      const response = await cache.fetch(`${url}${path}`, { method, headers });
      const body = await response.text();
      return {
        status: response.status,
        body,
        headers: response.headers,
        how: response.headers.get('cache-status'),
      };
    },
    /** The same by way of undici's request, which adds nothing to what it is given. */
    async request(
      path: string,
      init: { method?: string; headers?: Record<string, string>; body?: string } = {},
    ) {
      const { statusCode, headers, body } = await request(`${url}${path}`, {
        ...init,
        method: (init.method ?? 'GET') as Dispatcher.HttpMethod,
        dispatcher: getGlobalDispatcher().compose(cache.interceptor()),
      });
      return { status: statusCode, headers, body: await body.text(), how: String(headers['cache-status']) };
    },
    async [Symbol.asyncDispose]() {
      await cache.close();
      await origin[Symbol.asyncDispose]();
    },
  };
}
