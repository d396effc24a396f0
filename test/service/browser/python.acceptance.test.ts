import { describe, expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { startPyodideCdn } from './pyodide-cdn.ts';
import { isMissing, startService } from './support.ts';

const WAIT_MS = 60_000;
const SOURCE = `
import sys
from pathlib import Path
from js import globalThis
print("python", sys.version_info.major, Path("data/a.txt").read_text())
globalThis.answer = sum(range(10))
`;

describe.skipIf(isMissing)('a web-python app', () => {
  test('fills its cache at its first start, and then starts without the server', {
    timeout: 180_000,
  }, async () => {
    const cdn = await startPyodideCdn();
    const client = await startService([cdn], { PYODIDE_URL: cdn.url });
    await using _app = client.app;
    const path = await client.install(
      { type: 'web-python', name: 'calculator' },
      { source: SOURCE, files: [{ path: 'data/a.txt', content: 'a file' }] },
    );
    const figures = async () => (await client.call('GET', `${path}/cache`)).body;

    const first = await client.start(path);
    expect(await client.execute(first, 'answer')).toBe(45);
    expect((await client.call('GET', `${first}/logs`)).text).toContain('[log] python 3 a file');
    const names = [...new Set(cdn.requests.map(({ url }) => url))];
    const filled = await waitUntil(
      'all is stored',
      async () => {
        const current = await figures();
        return current.entry_count === names.length && current.misses >= names.length && current;
      },
      WAIT_MS,
    );
    expect(filled).toMatchObject({
      starts: { cold: { count: 1 }, warm: { count: 0 } },
    });
    expect(filled.bytes_from_upstream).toBeGreaterThan(13_000_000);
    await client.call('DELETE', first);

    await cdn[Symbol.asyncDispose]();
    const second = await client.start(path, { mode: 'offline' });
    expect(await client.execute(second, 'answer')).toBe(45);
    await waitUntil(
      'all hits are counted',
      async () => (await client.call('GET', `${second}/traffic`)).body.hits >= names.length,
      WAIT_MS,
    );
    expect((await client.call('GET', `${second}/traffic`)).body).toMatchObject({
      misses: 0,
      bytes_from_upstream: 0,
    });
    await client.call('DELETE', second);
    const after = await figures();
    expect(after.hits).toBeGreaterThanOrEqual(names.length);
    expect(after.bytes_from_upstream).toBe(filled.bytes_from_upstream);
    const { host } = new URL(cdn.url);
    const sentLater = after.by_host[host].bytes_to_browser - filled.by_host[host].bytes_to_browser;
    expect(after.bytes_saved).toBe(sentLater);
  });
});
