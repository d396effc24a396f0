import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Dispatcher, getGlobalDispatcher, request } from 'undici';
import { createHttpCache, type HttpCacheOptions } from '../../../src/library/http-cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startStubServer } from '../../support/http/stub-server.ts';

/** A response of the test origin. Several lines of one header field are an array. */
export interface OriginReply {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** Sends a response without the Date that Node would add from the system clock. */
export function send(
  response: ServerResponse,
  { status = 200, headers = {}, body = 'body' }: OriginReply,
): void {
  response.sendDate = false;
  response.writeHead(status, headers).end(body);
}

/**
 * Starts an origin and opens a cache in front of it, on a fake clock.
 * @param reply the origin's reply to each request; undefined from a function that responds itself
 */
export async function openCache<Service extends string = string>(
  reply: OriginReply | ((request: IncomingMessage, response: ServerResponse) => OriginReply | undefined),
  options: HttpCacheOptions<Service> = {},
) {
  const origin = await startStubServer((request, response) => {
    const given = typeof reply === 'function' ? reply(request, response) : reply;
    if (given) send(response, given);
  });
  const clock = new FakeClock();
  // A whole second, because HTTP dates have no fractions.
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
    /** Sets the wall clock back, but not the monotonic clock. */
    setBack(ms: number) {
      setBackMs += ms;
    },
    /** Requests a path through the cache's fetch. */
    async get(path = '/', headers: Record<string, string> = {}, method = 'GET') {
      const response = await cache.fetch(`${url}${path}`, { method, headers });
      const body = await response.text();
      return {
        status: response.status,
        body,
        headers: response.headers,
        cacheStatus: response.headers.get('cache-status'),
      };
    },
    /** Like `get`, through the interceptor and undici's `request`, which adds no header fields. */
    async request(
      path: string,
      init: { method?: string; headers?: Record<string, string>; body?: string } = {},
    ) {
      const { statusCode, headers, body } = await request(`${url}${path}`, {
        ...init,
        method: (init.method ?? 'GET') as Dispatcher.HttpMethod,
        dispatcher: getGlobalDispatcher().compose(cache.interceptor()),
      });
      return {
        status: statusCode,
        headers,
        body: await body.text(),
        cacheStatus: String(headers['cache-status']),
      };
    },
    async [Symbol.asyncDispose]() {
      await cache.close();
      await origin[Symbol.asyncDispose]();
    },
  };
}
