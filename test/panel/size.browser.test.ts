import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/panel', import.meta.url));
const MAX_BYTES = 80 * 1000;

test('the whole panel is under 80 kB, as it is sent', () => {
  const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' }).map((name) => join(BUILT, name));
  const sent = files.filter((path) => extname(path) === '.gz');
  expect(sent.map((path) => extname(path.slice(0, -3))).sort()).toEqual(['.css', '.html', '.js', '.svg']);
  for (const path of sent) expect(gunzipSync(readFileSync(path))).toEqual(readFileSync(path.slice(0, -3)));
  const bytes = sent.reduce((sum, path) => sum + readFileSync(path).length, 0);
  expect(bytes).toBeLessThan(MAX_BYTES);
});
