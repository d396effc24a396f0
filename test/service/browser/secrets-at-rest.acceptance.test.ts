import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { isMissing, startOrigin, startService } from './support.ts';

const SECRETS = [
  'secret-cookie-of-manifest',
  'secret-cookie-of-server',
  'secret-token',
  'secret-in-body',
  'secret-reply-to-post',
  'secret-in-storage',
  'secret-in-header',
  'secret-in-query',
];

/** The files below a folder, with the log of events and its journal, but without the installed apps. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.filter((path) => !path.startsWith(join(folder, 'apps/')));
}

describe.skipIf(isMissing)('the data folder', () => {
  test('contains neither bodies of POST requests nor cookies, tokens and storage of sessions', async () => {
    await using origin = await startOrigin((request, response) => {
      response.setHeader('set-cookie', 'server=secret-cookie-of-server');
      response.setHeader('cache-control', 'max-age=600');
      if (request.method === 'POST') return response.end('secret-reply-to-post');
      response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/plain');
      response.end(request.url === '/' ? '<title>stored page</title>' : 'stored file');
    });
    const client = await startService([origin]);
    await using app = client.app;
    const path = await client.install({
      type: 'web-app',
      name: 'a',
      url: `${origin.url}/`,
      cache_routes: [{ match: '*', force: true, ttl_s: 600, redact: ['token'] }],
      cookies: { manifest: 'secret-cookie-of-manifest' },
      localStorage: { item: 'secret-in-storage' },
      authorization_token: 'secret-token',
    });
    const session = await client.start(path);
    await client.execute(
      session,
      `(async () => {
        for (let time = 0; time < 2; time += 1) {
          await fetch('/post', { method: 'POST', body: 'secret-in-body' });
          await fetch('/file?token=secret-in-query', { headers: { 'x-api-token': 'secret-in-header' } });
        }
      })()`,
    );
    const posts = origin.requests.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(2);
    await waitUntil(
      'the page and the file are stored',
      async () => (await client.call('GET', `${path}/cache`)).body.entry_count >= 1,
      60_000,
    );
    await client.call('DELETE', session);
    const files = await filesOf(app.config.dataDir);
    let stored = '';
    for (const file of files) stored += await readFile(file, 'latin1').catch(() => '');
    expect(stored).toContain('stored');
    for (const secret of SECRETS) expect([secret, stored.includes(secret)]).toEqual([secret, false]);
    const folder = join(app.config.dataDir, 'apps');
    expect((await readdir(folder)).length).toBe(1);
    const replies = ['/apps', path, '/browser/sessions', `${path}/cache`, `${path}/cache/entries`, '/events'];
    for (const url of replies)
      for (const secret of SECRETS)
        expect([
          url,
          (await client.app.get(url, { 'x-api-key': 'a-key-for-tests' })).text.includes(secret),
        ]).toEqual([url, false]);
  });
});
