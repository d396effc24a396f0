import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/panel', import.meta.url));
const MAX_FIRST_PAGE_BYTES = 80_000;
const MAX_BYTES = 120_000;

const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' }).map((name) => join(BUILT, name));
const compressed = files.filter((path) => extname(path) === '.gz');

function sizeOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
}

test('each text file has a compressed copy with the same content', () => {
  const types = new Set(compressed.map((path) => extname(path.slice(0, -3))));
  expect([...types].sort()).toEqual(['.css', '.html', '.js', '.svg', '.webmanifest']);
  for (const path of compressed)
    expect(gunzipSync(readFileSync(path))).toEqual(readFileSync(path.slice(0, -3)));
});

test('the first page has at most 80 kB in compressed form, and further pages are loaded when they are opened', () => {
  const html = readFileSync(join(BUILT, 'index.html'), 'utf8');
  const names = [...html.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css|svg))"/g)].map(([, name]) => name!);
  expect(names.map((name) => extname(name))).toEqual(expect.arrayContaining(['.js', '.css', '.svg']));
  const first = ['index.html', ...names].map((name) => join(BUILT, `${name}.gz`));
  expect(sizeOf(first)).toBeLessThanOrEqual(MAX_FIRST_PAGE_BYTES);
  const later = compressed.filter((path) => !first.includes(path));
  expect(later.some((path) => path.endsWith('.js.gz'))).toBe(true);
  expect(sizeOf(compressed)).toBeLessThanOrEqual(MAX_BYTES);
});
