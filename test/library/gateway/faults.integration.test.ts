import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Gateway,
  MemoryResponseStore,
  openGateway,
  type ResponseStore,
} from '../../../src/library/gateway/index.ts';
import { issueCertificate } from '../../../src/library/gateway/tls/certificate.ts';
import { run } from '../../support/run.ts';
import { type Origin, send, startOrigin, TEST_CA, withClient } from './support.ts';

const FORCED = [{ match: '*', force: true, ttlS: 3600 }];

let gateway: Gateway;
let origin: Origin;

beforeEach(async () => {
  gateway = await openGateway({
    trust: [TEST_CA.cert],
    timeouts: { connectMs: 1000, headersMs: 500, bodyMs: 500 },
  });
  origin = await startOrigin((_request, response) => response.end('content'));
});

afterEach(async () => {
  await gateway.close();
  await origin.close();
});

const openLane = (options = {}) =>
  gateway.openLane({ namespace: 'app', allow: ['127.0.0.1', '*.test'], rules: FORCED, ...options });

/** Expects an error page with a code, as a browser gets it, and that the failure is counted. */
async function expectFailure(url: string, status: number, code: string, options = {}): Promise<string> {
  const lane = await openLane(options);
  const reply = await send(lane, url, { headers: { accept: 'text/html' } });
  expect(reply).toMatchObject({
    status,
    headers: {
      'proxy-status': `roundhouse; error=${code}`,
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
    },
  });
  expect(lane.stats().failures).toBe(1);
  return reply.text;
}

describe('an origin', () => {
  test('that refuses connections', async () => {
    const { port } = origin;
    await origin.close();
    await expectFailure(`http://127.0.0.1:${port}/`, 502, 'connection_refused');
  });

  test('whose name has no address', async () => {
    await expectFailure('http://no-such-host.invalid/', 502, 'dns_error');
  });

  test('that closes the connection before it responds', async () => {
    origin.answer = (request) => request.socket.destroy();
    await expectFailure(origin.url, 502, 'connection_terminated');
  });

  test('that does not respond in time', async () => {
    origin.answer = () => {};
    await expectFailure(origin.url, 504, 'http_response_timeout');
  });

  test('that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expectFailure(`http://127.0.0.1:${port}/`, 502, 'http_protocol_error');
    server.close();
  });

  const certificates = {
    'is self-signed': issueCertificate({ name: 'a.test', hosts: ['a.test'], days: 2 }),
    'has expired': issueCertificate({ name: 'a.test', hosts: ['a.test'], days: -0.5, issuer: TEST_CA }),
    'is for another host': issueCertificate({ name: 'b.test', hosts: ['b.test'], days: 2, issuer: TEST_CA }),
  };
  test.each(Object.entries(certificates))('whose certificate %s', async (_what, certificate) => {
    await using secure = await startOrigin((_request, response) => response.end('never'), { certificate });
    const resolve = { 'a.test': `127.0.0.1:${secure.port}` };
    const page = await expectFailure('https://a.test/', 502, 'tls_certificate_error', { resolve });
    expect(page).toContain('https://a.test has a certificate that cannot be verified');
    expect(secure.requests).toEqual([]);
  });

  test.each([
    ['resets the connection within the body', (socket: { destroy(): void }) => socket.destroy()],
    ['stops within the body', () => {}],
  ])('that %s: the browser gets an error, and nothing is kept', async (_what, then) => {
    let cut = true;
    origin.answer = (request, response) => {
      if (!cut) {
        response.end('complete');
        return;
      }
      response.writeHead(200, { 'content-length': '100' });
      response.write('partial', () => then(request.socket));
    };
    const lane = await openLane();
    await expect(send(lane, origin.url)).rejects.toThrow();
    cut = false;
    expect((await send(lane, origin.url)).text).toBe('complete');
  });

  test('that sends more than the length it announced: the rest is discarded', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello and more'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const lane = await openLane();
    for (const _time of [1, 2]) {
      expect(await send(lane, `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200, text: 'hello' });
    }
    expect(lane.stats()).toMatchObject({ hits: 1, misses: 1 });
    server.close();
  });

  test('that drips: the first bytes pass while the body still arrives', async () => {
    const finish = Promise.withResolvers<void>();
    origin.answer = (_request, response) => {
      response.write('first');
      void finish.promise.then(() => response.end('last'));
    };
    const lane = await openLane();
    const { ProxyAgent, request } = await import('undici');
    const agent = new ProxyAgent(lane.proxyUrl);
    const { body } = await request(origin.url, { dispatcher: agent });
    const chunks: string[] = [];
    for await (const chunk of body) {
      chunks.push(String(chunk));
      finish.resolve();
    }
    expect(chunks.join('')).toBe('firstlast');
    expect(chunks[0]).toBe('first');
    await agent.destroy();
  });

  test('whose response is no longer wanted: the request to it is ended', async () => {
    const closed = Promise.withResolvers<void>();
    origin.answer = (_request, response) => {
      response.write('first');
      response.once('close', () => closed.resolve());
    };
    const lane = await openLane();
    await withClient(lane, async (client) => {
      const controller = new AbortController();
      const reply = client(origin.url, { signal: controller.signal });
      await expect.poll(() => origin.requests.length).toBe(1);
      controller.abort();
      await expect(reply).rejects.toThrow();
      await closed.promise;
    });
  });
});

describe('a store costs a miss, not a page, if it', () => {
  type Fault = (operation: keyof ResponseStore | 'write' | 'commit' | 'bytes') => Promise<void>;

  /** A store in memory whose operations a fault precedes. */
  function faulty(fault: Fault): ResponseStore {
    const inner = new MemoryResponseStore();
    return {
      get: async (...parameters) => {
        await fault('get');
        const entry = await inner.get(...parameters);
        return entry && { ...entry, bytes: () => fault('bytes').then(() => entry.bytes()) };
      },
      writer: async (...parameters) => {
        await fault('writer');
        const writer = await inner.writer(...parameters);
        return {
          write: (chunk) => fault('write').then(() => writer.write(chunk)),
          commit: () => fault('commit').then(() => writer.commit()),
          abort: () => writer.abort(),
        };
      },
      delete: (...parameters) => inner.delete(...parameters),
      clearNamespace: (namespace) => inner.clearNamespace(namespace),
      list: (namespace) => inner.list(namespace),
      usage: () => inner.usage(),
    };
  }

  const never = new Promise<void>(() => {});

  test.each([
    ['fails', () => Promise.reject(new Error('store fault'))],
    ['hangs', () => never],
  ])('%s in any operation', async (_what, fault) => {
    for (const broken of ['get', 'bytes', 'writer', 'write', 'commit'] as const) {
      const errors: unknown[] = [];
      await using unreliable = await openGateway({
        store: faulty((operation) => (operation === broken ? fault() : Promise.resolve())),
        storeTimeoutMs: 100,
        onError: (error) => errors.push(error),
      });
      const lane = await unreliable.openLane({ allow: ['127.0.0.1'], rules: FORCED });
      for (const _time of [1, 2]) {
        expect((await send(lane, `${origin.url}/${broken}`)).text, broken).toBe('content');
      }
      expect(errors.length, broken).toBeGreaterThan(0);
      expect(unreliable.storeErrors, broken).toBe(errors.length);
    }
  });

  test('fails to write a large body while it arrives', async () => {
    let writes = 0;
    const store = faulty(async (operation) => {
      if (operation !== 'write') return;
      writes += 1;
      if (writes > 3) throw new Error('ENOSPC');
    });
    await using full = await openGateway({ store });
    const body = Buffer.alloc(3_000_000, 'x').toString();
    origin.answer = (_request, response) => response.end(body);
    const lane = await full.openLane({ allow: ['127.0.0.1'], rules: FORCED });
    expect((await send(lane, origin.url)).text === body).toBe(true);
    expect((await send(lane, origin.url)).text === body).toBe(true);
    expect(origin.requests).toHaveLength(2);
  });
});

describe('with a folder', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'roundhouse-gateway-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  test('responses outlive the process, and large ones are read from it', async () => {
    const body = Buffer.alloc(20_000_000, 'ab').toString();
    origin.answer = (request, response) => response.end(request.url === '/large' ? body : 'small');
    for (const _time of [1, 2]) {
      await using persistent = await openGateway({ dir });
      const lane = await persistent.openLane({ namespace: 'app', allow: ['127.0.0.1'], rules: FORCED });
      expect((await send(lane, `${origin.url}/small`)).text).toBe('small');
      expect((await send(lane, `${origin.url}/large`)).text === body).toBe(true);
      const part = await send(lane, `${origin.url}/large`, { headers: { range: 'bytes=19999998-' } });
      expect(part).toMatchObject({ status: 206, text: 'ab' });
    }
    expect(origin.paths()).toEqual(['/small', '/large']);
  });

  test('that processes share, one of them requests a resource for all', async () => {
    origin.answer = (_request, response) => {
      setTimeout(() => response.end('shared'), 1000);
    };
    const child = () =>
      run(process.execPath, [
        '--conditions=roundhouse:source',
        'test/library/gateway/gateway-child.ts',
        dir,
        `${origin.url}/x`,
        '25',
      ]);
    expect(await Promise.all([child(), child()])).toEqual(['["shared"]', '["shared"]']);
    expect(origin.paths()).toEqual(['/x']);
  });

  test('of the authority with minted certificates: the key can be read by its owner only', async () => {
    for (const _time of [1, 2]) {
      await using minted = await openGateway({ ca: 'minted', caDir: dir });
      const again = await openGateway({ ca: 'minted', caDir: dir });
      expect(again.authority).toBe(minted.authority);
      expect(minted.authority).toMatch(/^-----BEGIN CERTIFICATE-----/);
      expect(minted.launchOptions.args.join()).not.toContain('spki');
      const lane = await minted.openLane({ hosts: { 'a.test': () => new Response('trusted') } });
      const { ProxyAgent, request } = await import('undici');
      const agent = new ProxyAgent({ uri: lane.proxyUrl, requestTls: { ca: minted.authority! } });
      const { body } = await request('https://a.test/', { dispatcher: agent });
      expect(await body.text()).toBe('trusted');
      await agent.destroy();
      await again.close();
    }
    expect((await stat(join(dir, 'gateway-ca.pem'))).mode & 0o777).toBe(0o600);
  });
});
