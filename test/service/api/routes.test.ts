import { globSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ROUTES } from '../../../src/service/api/routes.ts';
import { OPENAPI } from '../../support/http/openapi.ts';

const FOLDER = new URL('../../../src/service/api/routes/', import.meta.url);

/** The file that serves a prefix: its segments without parameters, as a path. */
function fileOf(prefix: string): string {
  const segments = prefix.split('/').filter((segment) => segment !== '' && !segment.startsWith(':'));
  return `${segments.join('/').replaceAll('_', '-') || 'root'}.ts`;
}

describe('the table of routes', () => {
  test.each(Object.entries(ROUTES))('%s is served by the file of that name', async (prefix, routes) => {
    const exported = await import(new URL(fileOf(prefix), FOLDER).href);
    expect(Object.values(exported)).toContain(routes);
  });

  test('lists every file', () => {
    const files = globSync('**/*.ts', { cwd: FOLDER.pathname }).sort();
    expect(files).toEqual(Object.keys(ROUTES).map(fileOf).sort());
  });

  test('has a prefix for every documented path', () => {
    const prefixes = Object.keys(ROUTES).filter((prefix) => prefix !== '/');
    for (const path of Object.keys(OPENAPI.paths)) {
      const served = prefixes.filter((prefix) => path === prefix || path.startsWith(`${prefix}/`));
      expect([path, served.length]).toEqual([path, expect.toSatisfy((count) => count >= 1)]);
    }
  });
});
