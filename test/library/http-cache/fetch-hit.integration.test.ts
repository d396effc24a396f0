import { gzipSync } from 'node:zlib';
import { Agent, Client } from 'undici';
import { describe, expect, test } from 'vitest';
import type { FetchInit } from '../../../src/library/http-cache/fetch.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { openCache } from './support.ts';

/*
 * Simple calls of fetch are answered from memory without undici's fetch. Other calls, such as those with a signal, use
 * it. The results must not differ.
 */

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const SOON_MS = 20_000;

/** An agent that counts the requests that undici's fetch makes through it, before the cache. */
function countingAgent() {
  const agent = new Agent();
  const compose = agent.compose.bind(agent);
  const counter = { agent, requests: 0 };
  agent.compose = ((...interceptors: Parameters<typeof compose>) => {
    const composed = compose(...interceptors);
    const dispatch: Agent['dispatch'] = (options, handler) => {
      counter.requests += 1;
      return composed.dispatch(options, handler);
    };
    return { dispatch };
  }) as unknown as typeof compose;
  return counter;
}

async function describeResponse(response: Response) {
  const { status, statusText, ok, url, type, redirected, headers } = response;
  // The age and the remaining time may differ by a second.
  const fields = [...headers].map(([name, value]) => [name, value.replace(/\d+$/, '')]);
  const isGlobal = response instanceof globalThis.Response;
  return { status, statusText, ok, url, type, redirected, fields, isGlobal, text: await response.text() };
}

describe('a hit by a simple call of fetch', () => {
  test.each<[string, RequestInit]>([
    ['without options', {}],
    ['with a method and a mode', { method: 'GET', cache: 'default' }],
    ['with fields as an object', { headers: { 'X-Own': 'one', Accept: 'text/plain' } }],
    ['with fields as pairs', { headers: [['x-own', 'two']] }],
    ['with fields as global Headers', { headers: new Headers({ 'x-own': 'three' }) }],
    ['with credentials', { headers: { authorization: 'user' } }],
    ['with a condition', { headers: { 'if-none-match': '"1"' } }],
    ['with Cache-Control', { headers: { 'cache-control': 'max-age=30' } }],
  ])('%s: has the same response as one through undici', async (_, init) => {
    const vary = 'accept, accept-encoding, accept-language, user-agent, sec-fetch-mode, x-own';
    const headers = {
      ...FOR_A_MINUTE,
      vary,
      etag: '"1"',
      'set-cookie': ['a=1', 'b=2'],
      'x-latin': 'caf\u00e9',
    };
    await using setup = await openCache({ headers, body: 'body' });
    const counter = countingAgent();
    const url = `${setup.url}/page?q=1#part`;
    const { signal } = new AbortController();
    await (await setup.cache.fetch(url, { ...init, headers: withoutCondition(init.headers), signal })).text();
    const through = async () =>
      describeResponse(
        await setup.cache.fetch(url, { ...init, signal, dispatcher: counter.agent } as FetchInit),
      );
    const expected = await through();
    expect(expected.fields).toContainEqual(['cache-status', 'roundhouse; hit; ttl=']);
    // The fields that undici adds are learned during the first calls.
    const simple = async () => {
      const before = counter.requests;
      const described = await describeResponse(
        await setup.cache.fetch(url, { ...init, dispatcher: counter.agent } as FetchInit),
      );
      return counter.requests === before ? described : undefined;
    };
    const described = await waitUntil('a hit without undici', simple, SOON_MS);
    expect(described).toEqual(expected);
    expect(setup.origin.requests).toHaveLength(1);
  });

  test('has a body of its own', async () => {
    await using setup = await openCache({ headers: FOR_A_MINUTE, body: 'body' });
    await (await setup.cache.fetch(setup.url)).text();
    for (let hit = 0; hit < 3; hit += 1) {
      const bytes = new Uint8Array(await (await setup.cache.fetch(setup.url)).arrayBuffer());
      expect(String(Buffer.from(bytes))).toBe('body');
      bytes.fill(0);
    }
  });

  test('can be cloned, and streamed', async () => {
    await using setup = await openCache({ headers: FOR_A_MINUTE, body: 'body' });
    await (await setup.cache.fetch(setup.url)).text();
    const response = await setup.cache.fetch(setup.url);
    const copy = response.clone();
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body!) chunks.push(chunk);
    expect(String(Buffer.concat(chunks))).toBe('body');
    expect([copy.url, await copy.text()]).toEqual([`${setup.url}/`, 'body']);
  });
});

describe('calls that undici has to handle', () => {
  test('encoded content is decoded', async () => {
    const body = gzipSync('content');
    const headers = { ...FOR_A_MINUTE, 'content-encoding': 'gzip' };
    await using setup = await openCache((_request, response) => {
      response.writeHead(200, headers).end(body);
      return undefined;
    });
    for (let read = 0; read < 3; read += 1) {
      expect(await (await setup.cache.fetch(setup.url)).text()).toBe('content');
    }
    expect(setup.cache.stats()).toMatchObject({ hits: 2, misses: 1 });
  });

  test('redirects are followed', async () => {
    await using setup = await openCache((request) =>
      request.url === '/from'
        ? { status: 301, headers: { ...FOR_A_MINUTE, location: '/to' } }
        : { headers: FOR_A_MINUTE, body: 'target' },
    );
    for (let read = 0; read < 3; read += 1) {
      const response = await setup.cache.fetch(`${setup.url}/from`);
      expect([await response.text(), response.redirected]).toEqual(['target', true]);
    }
  });

  test('invalid calls reject as without the cache', async () => {
    await using setup = await openCache({ headers: FOR_A_MINUTE, body: 'body' });
    await (await setup.cache.fetch(setup.url)).text();
    await (await setup.cache.fetch(setup.url)).text();
    const withUser = setup.url.replace('http://', 'http://user:password@');
    await expect(setup.cache.fetch(withUser)).rejects.toThrow(TypeError);
    await expect(setup.cache.fetch('/relative')).rejects.toThrow(TypeError);
    await expect(setup.cache.fetch(setup.url, { headers: { 'bad name': 'x' } })).rejects.toThrow(TypeError);
    const aborted = AbortSignal.abort(new Error('aborted before'));
    await expect(setup.cache.fetch(setup.url, { signal: aborted })).rejects.toThrow('aborted before');
  });

  test('a range has part of the content', async () => {
    await using setup = await openCache({ headers: FOR_A_MINUTE, body: '0123456789' });
    await (await setup.cache.fetch(setup.url)).text();
    const response = await setup.cache.fetch(setup.url, { headers: { range: 'bytes=2-4' } });
    expect([response.status, await response.text()]).toEqual([206, '234']);
  });

  test('a Client sends requests for any URL to its own origin', async () => {
    await using setup = await openCache({ headers: FOR_A_MINUTE, body: 'first' });
    await using other = await openCache({ headers: FOR_A_MINUTE, body: 'second' });
    await (await setup.cache.fetch(setup.url)).text();
    const client = new Client(other.url);
    const response = await setup.cache.fetch(setup.url, { dispatcher: client });
    expect(await response.text()).toBe('second');
    await client.close();
  });
});

/** The first request has no condition, so that its response is complete and stored. */
function withoutCondition(headers: RequestInit['headers']): [string, string][] {
  const all = headers === undefined ? [] : [...new Headers(headers)];
  return all.filter(([name]) => !name.startsWith('if-') && name !== 'cache-control');
}
