import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { type AppClient, isMissing, startService } from './support.ts';

const METADATA = [
  'http://169.254.169.254/latest/meta-data/',
  'http://169.254.169.254./',
  'http://2852039166/',
  'http://0251.0376.0251.0376/',
  'http://0xa9fea9fe/',
  'http://169.254.43518/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::]/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://168.63.129.16/',
  'http://100.100.100.200/',
  'http://metadata.google.internal/',
];
/** Names of this machine, with the ports that are denied whatever BROWSER_ALLOW_HOSTS contains. */
const OWN_HOSTS = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.8.9.10',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'x.localhost',
  '0.0.0.0',
  '0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:127.0.0.1]',
];
/** What Chromium itself shows, with data of this machine. */
const LOCAL_PAGES = [
  'file:///etc/passwd',
  'file://localhost/etc/passwd',
  'view-source:file:///etc/passwd',
  'chrome://version',
  'chrome://settings',
  'view-source:http://127.0.0.1/',
  'data:text/html,<title>inside</title>',
  'about:srcdoc',
  'devtools://devtools/bundled/inspector.html',
  'filesystem:http://127.0.0.1/temporary/x',
];

describe.skipIf(isMissing)('a session', () => {
  let client: AppClient;
  /** In place of Redis, of which only the port matters. */
  let redis: Server;
  let connections = 0;
  let path: string;
  let session: string;

  beforeAll(async () => {
    redis = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => redis.listen(0, '127.0.0.1', resolve));
    client = await startService([], {
      // As an operator would do who wants to reach everything on this machine.
      BROWSER_ALLOW_HOSTS: '127.0.0.0/8,[::1],localhost,*.localhost,0.0.0.0,[::]',
      DOCKER_HOST: `tcp://127.0.0.1:${(redis.address() as AddressInfo).port}`,
    });
    path = await client.install({ type: 'window', name: 'w' }, { source: '<title>w</title>' });
    session = await client.start(path);
  });
  afterAll(async () => {
    await client?.app[Symbol.asyncDispose]();
    redis?.close();
  });

  const ownPorts = () => [
    new URL(client.app.url).port,
    String((redis.address() as AddressInfo).port),
    String(client.app.config.portRange.first),
    '2375',
  ];
  const fetchAll = (urls: readonly string[]) =>
    client.execute(
      session,
      `Promise.all(${JSON.stringify(urls)}.map((url) => fetch(url, { mode: 'no-cors' }).then(({ type }) => type, () => 'failed')))`,
    ) as Promise<string[]>;

  test('reaches no metadata service, however its address is written', async () => {
    for (const [index, url] of METADATA.entries()) {
      const app = await client.install({ type: 'web-app', name: `metadata-${index}`, url });
      const started = await client.call('POST', `${app}/sessions`, { timeout_s: 20 });
      expect([url, started.status, started.body.code]).toEqual([url, 503, 'app_start_failed']);
      expect([url, started.body.detail]).toEqual([
        url,
        expect.stringMatching(/the entry point answered with status (403|502)|ERR_/),
      ]);
      await client.call('DELETE', app);
    }
  });

  test('reaches neither the service nor Docker nor engines, even where this machine is allowed', async () => {
    const [, docker] = ownPorts();
    const counts = async (of: string) =>
      (await client.call('GET', `${of}/traffic`)).body as { requests: number; blocked: number };
    const { requests } = await counts(session);
    await fetchAll(ownPorts().flatMap((port) => OWN_HOSTS.map((host) => `http://${host}:${port}/`)));
    expect((await counts(session)).requests).toBe(requests);
    // Chromium itself refuses those of a page, but no navigation.
    const urls = new Set([
      ...OWN_HOSTS.map((host) => new URL(`http://${host}:${docker}/`).href),
      ...ownPorts().map((port) => `http://127.0.0.1:${port}/`),
    ]);
    const own = await client.start(path);
    for (const url of urls) {
      await client.execute(own, `void location.assign(${JSON.stringify(url)})`);
      await waitUntil(
        `${url} is refused`,
        async () => {
          const page = await client.execute(own, '[location.href, document.body.innerText]');
          const [href, text] = page as [string, string];
          return href === url && text.includes('not permitted');
        },
        60_000,
      );
    }
    expect((await counts(own)).blocked).toBeGreaterThanOrEqual(urls.size);
    await client.call('DELETE', own);
    expect(connections).toBe(0);
  });

  test('opens no WebSocket and no EventSource to them', async () => {
    const urls = ownPorts().map((port) => `127.0.0.1:${port}/events/live`);
    const results = await client.execute(
      session,
      `Promise.all(${JSON.stringify(urls)}.flatMap((url) => [new WebSocket('ws://' + url), new EventSource('http://' + url)]
        .map((client) => new Promise((resolve) => {
          client.onopen = () => resolve('open');
          client.onerror = () => resolve('failed');
        }))))`,
    );
    expect(results).toEqual(urls.flatMap(() => ['failed', 'failed']));
    expect(connections).toBe(0);
  });

  test('warms no such URL', async () => {
    const app = await client.install({
      type: 'web-app',
      name: 'warm',
      url: 'http://a.example/',
      cache_routes: ['*'],
    });
    const urls = [...METADATA, ...ownPorts().map((port) => `http://127.0.0.1:${port}/`)];
    const { failed } = (await client.call('POST', `${app}/cache/warm`, { urls })).body;
    expect(failed.toSorted()).toEqual(urls.toSorted());
    const other = await client.call('POST', `${app}/cache/warm`, { urls: ['file:///etc/passwd'] });
    expect(other.status < 500).toBe(true);
    expect(other.text).not.toContain('root:');
    await client.call('DELETE', app);
  });

  test('shows no page of Chromium or of this machine', async () => {
    for (const url of LOCAL_PAGES) {
      const own = await client.start(path);
      const text = `(async () => {
        const url = ${JSON.stringify(url)};
        const popup = open(url);
        const frame = Object.assign(document.createElement('iframe'), { src: url });
        document.body.append(frame);
        await new Promise((resolve) => setTimeout(resolve, 200));
        const read = (get) => { try { return String(get()) } catch { return '' } };
        const seen = [read(() => popup.document.body.innerText), read(() => frame.contentDocument.body.innerText)];
        popup?.close();
        setTimeout(() => Object.assign(document.createElement('a'), { href: url }).click());
        return seen.join();
      })()`;
      expect(await client.execute(own, text)).not.toMatch(/root:|Chromium|inside/);
      // The link may lead to an error page, while which scripts fail.
      const after = await waitUntil(
        'the page is there',
        async () => {
          const script =
            'new Promise((resolve) => setTimeout(() => resolve([location.protocol, document.title, document.body.innerText].join()), 200))';
          const reply = await client.call('POST', `${own}/execute`, { script });
          return reply.status === 200 && reply.body.result;
        },
        60_000,
      );
      expect([url, after]).toEqual([url, expect.stringMatching(/^(https|about|chrome-error):/)]);
      expect(after).not.toMatch(/root:|Revision|inside/);
      await client.call('DELETE', own);
    }
  });

  test("does not reach the code of other workspaces' apps", async () => {
    const manifest = { type: 'window', name: 'other' };
    await client.call('POST', '/apps', { workspace: 'other', app_id: 'o', manifest, source: 'secret' });
    const other = await client.start('/apps/other/o');
    const origin = await client.execute(other, 'location.origin');
    const results = await fetchAll([`${origin}/`, `${origin}/index.html`]);
    expect(results).not.toContain('basic');
    const seen = await client.execute(
      session,
      `fetch(${JSON.stringify(`${origin}/`)}).then((reply) => reply.text(), () => 'failed')`,
    );
    expect(seen).toBe('failed');
  });
});
