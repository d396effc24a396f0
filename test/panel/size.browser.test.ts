import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/panel', import.meta.url));
const MAX_BYTES = 80_000;

test('the first page of the panel has at most 80 kB in compressed form', () => {
  const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' }).map((name) => join(BUILT, name));
  const compressed = files.filter((path) => extname(path) === '.gz');
  for (const path of compressed)
    expect(gunzipSync(readFileSync(path))).toEqual(readFileSync(path.slice(0, -3)));
  // Its script and styles are in the page; parts that are loaded later are not.
  const html = readFileSync(join(BUILT, 'index.html'), 'utf8');
  const names = [...html.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css|svg))"/g)].map(
    ([, name]) => `${name}.gz`,
  );
  expect(names.map((name) => extname(name.slice(0, -3)))).toEqual(
    expect.arrayContaining(['.js', '.css', '.svg']),
  );
  const bytes = ['index.html.gz', ...names].reduce(
    (sum, name) => sum + readFileSync(join(BUILT, name)).length,
    0,
  );
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
});
