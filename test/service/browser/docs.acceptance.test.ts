import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { KEY } from '../../support/service/app.ts';
import { startPyodideCdn } from './pyodide-cdn.ts';
import { isMissing, startService } from './support.ts';

const PAGE = new URL('../../../docs/browser-apps.md', import.meta.url);

describe.skipIf(isMissing)('docs/browser-apps.md', () => {
  test('the commands work in their order', { timeout: 180_000 }, async () => {
    await using cdn = await startPyodideCdn();
    const client = await startService([cdn], { PYODIDE_URL: cdn.url });
    await using app = client.app;
    const folder = await mkdtemp(join(tmpdir(), 'browser-apps-docs-'));
    try {
      const page = await readFile(PAGE, 'utf8');
      const blocks = [...page.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, commands]) => commands!);
      expect(blocks).toHaveLength(5);
      const script = blocks
        .join('')
        .replace('$(cat data/api-key)', KEY)
        .replaceAll('localhost:8000', new URL(app.url).host);
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
      });
      expect(stdout).toContain('"app_id":"calculator"');
      expect(stdout).toMatch(/\[log\] 3\.\d+/);
      expect(stdout).toContain('{"result":45}');
      expect(stdout).toContain('"bytes_from_upstream":0');
      expect(stdout).toMatch(/"starts":\{"cold":\{"count":1,.*"warm":\{"count":1,/);
      expect(stdout).toMatch(/\{"deleted_entries":\d+,"stopped_sessions":1,"pending_orchestrators":0\}$/);
      const image = await readFile(join(folder, 'screenshot.png'));
      expect(image.subarray(1, 4).toString()).toBe('PNG');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
