import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/panel', import.meta.url));
const MAX_BYTES = 60_000;

test('the panel has at most 60 kB in compressed form', () => {
  const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' }).map((name) => join(BUILT, name));
  const compressed = files.filter((path) => extname(path) === '.gz');
  const types = compressed.map((path) => extname(path.slice(0, -3)));
  expect(types.sort()).toEqual(['.css', '.html', '.js', '.svg']);
  for (const path of compressed)
    expect(gunzipSync(readFileSync(path))).toEqual(readFileSync(path.slice(0, -3)));
  const bytes = compressed.reduce((sum, path) => sum + readFileSync(path).length, 0);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});
