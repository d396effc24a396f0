import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { describeApiTypes } from '../../scripts/api-types-document.ts';
import { describeOpenApi } from '../../scripts/openapi-document.ts';
import { describeReference } from '../../scripts/reference-document.ts';
import { describePreset, describeSettings } from '../../scripts/settings-document.ts';
import { ASSET_SETTINGS } from '../../src/library/asset-cache/settings.ts';
import { CACHE_SETTINGS } from '../../src/library/preset/settings.ts';
import { PROBLEMS } from '../../src/service/api/schemas/problem.ts';
import { SETTINGS } from '../../src/service/config/settings.ts';
import { OPENAPI, type Operation } from '../support/http/openapi.ts';

const ROOT = new URL('../../', import.meta.url);

function committed(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), 'utf8');
}

/** Media types of the responses that are not JSON. */
const OTHER_MEDIA_TYPES: Record<string, string> = {
  'GET /metrics': 'text/plain',
  'GET /engines/{id}/logs': 'text/plain',
  'GET /browser/sessions/{id}/logs': 'text/plain',
  'GET /browser/sessions/{id}/screenshot': 'image/png',
  'GET /events/live': 'text/event-stream',
};

describe('generated files are current (npm run docs)', () => {
  test('openapi/openapi.json', async () => {
    expect(await describeOpenApi()).toBe(await committed('openapi/openapi.json'));
  });

  test('src/panel/lib/api-types.ts', async () => {
    expect(await describeApiTypes()).toBe(await committed('src/panel/lib/api-types.ts'));
  });

  test('docs/configuration.md', async () => {
    expect(await describeSettings()).toBe(await committed('docs/configuration.md'));
  });

  test('docs/library/reference.md', async () => {
    const page = await committed('docs/library/reference.md');
    expect(await describeReference()).toBe(page);
    for (const name of ['Cache', 'TieredCache', 'createHttpCache', 'cachedResult']) {
      expect(page).toContain(`\n### \`${name}`);
    }
  });

  test('the settings in docs/library/preset.md', async () => {
    const page = await committed('docs/library/preset.md');
    expect(await describePreset()).toBe(page);
    for (const { env } of Object.values(CACHE_SETTINGS)) expect(page).toContain(`| \`${env[0]}\` |`);
  });
});

test('docs/architecture.md names only files that exist', async () => {
  const page = await committed('docs/architecture.md');
  const names = [...page.matchAll(/^ {0,2}((?:library|service|scripts|lib)\/\S+\.ts) /gm)].map(
    ([, name]) => name!,
  );
  expect(names.length).toBeGreaterThan(30);
  const pathOf = (name: string) =>
    name.replace(/^(?=library|service)/, 'src/').replace(/^(?=lib\/)/, 'src/panel/');
  expect(names.filter((name) => !existsSync(new URL(pathOf(name), ROOT)))).toEqual([]);
});

const PAGES = globSync('docs/*.md', { cwd: ROOT }).sort();
const LIBRARY_PAGES = globSync('docs/library/*.md', { cwd: ROOT }).sort();

test.each([
  'README.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/panel.md',
  'docs/library.md',
  ...LIBRARY_PAGES,
])('%s names only paths of the project that exist', async (path) => {
  const names = [
    ...(await committed(path)).matchAll(/`((?:src|test|scripts|bench|docs|examples)\/[\w./-]*)`/g),
  ];
  expect(names.map(([, name]) => name!).filter((name) => !existsSync(new URL(name, ROOT)))).toEqual([]);
});

test.each(['README.md', 'CONTRIBUTING.md', ...PAGES, ...LIBRARY_PAGES])(
  '%s has no broken links',
  async (path) => {
    const page = await committed(path);
    const anchors = (text: string) =>
      [...text.matchAll(/^##+ (.*)$/gm)].map(([, title]) =>
        title!
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
    const links = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    for (const link of links.filter((target) => !target.startsWith('https:'))) {
      const [target, anchor] = link.split('#') as [string, string?];
      const file = new URL(target === '' ? path : join(dirname(path), target), ROOT);
      expect(existsSync(file), link).toBe(true);
      if (anchor !== undefined) expect(anchors(await readFile(file, 'utf8')), link).toContain(anchor);
    }
  },
);

test('docs/asset-cache.md lists the settings of the asset cache', async () => {
  const page = await committed('docs/asset-cache.md');
  for (const { env, description } of Object.values(ASSET_SETTINGS)) {
    expect(page).toContain(`| ${env.map((name) => `\`${name}\``).join(', ')} |`);
    expect(page).toContain(`| ${description} |`);
  }
});

test('docs/configuration.md lists every variable with its default', async () => {
  const page = await committed('docs/configuration.md');
  for (const { env } of Object.values(SETTINGS)) {
    for (const name of env) expect(page).toContain(`\`${name}\``);
  }
  expect(page).toContain('| `CACHE_TTL_STATS_TOTAL_S` | 3 | s |');
  expect(page).toContain('| `PORT`, `APP_PORT` | 8000 | port |');
});

describe('the OpenAPI document', () => {
  const operations = Object.entries(OPENAPI.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      path,
      method,
      operation,
    ]),
  );

  test('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone({ ...OPENAPI }));
    expect(result).toMatchObject({ valid: true });
    const broken = await new Validator().validate({ ...OPENAPI, paths: { engines: {} } });
    expect(broken.valid).toBe(false);
    expect(OPENAPI.openapi).toBe('3.1.0');
  });

  test.each(operations)('%s has a description and its parameters', (_, path, _method, operation) => {
    expect(operation.summary).toMatch(/\w/);
    expect(operation.tags).toHaveLength(1);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(parameters.map(({ name }) => name)).toEqual(inPath);
  });

  test.each(operations)(
    '%s has a schema for every response, and documented codes for every error',
    (name, _, __, { responses }) => {
      expect(Object.keys(responses)).toSatisfy((codes: string[]) =>
        codes.some((code) => /^20[01]$/.test(code)),
      );
      for (const [status, { content }] of Object.entries(responses)) {
        const [mediaType, media] = Object.entries(content ?? {})[0]!;
        const isProblem = Number(status) >= 400 && name !== 'GET /health';
        const expected = OTHER_MEDIA_TYPES[name] ?? 'application/json';
        expect(mediaType).toBe(isProblem ? 'application/problem+json' : expected);
        if (!isProblem) continue;
        const codes = media.schema.properties?.code?.enum ?? [];
        expect(codes.length).toBeGreaterThan(0);
        for (const code of codes) expect(PROBLEMS[code as keyof typeof PROBLEMS].status).toBe(Number(status));
      }
    },
  );

  // Logging out needs neither a key nor a body.
  test.each(operations.filter(([name, , method]) => method !== 'get' && name !== 'DELETE /session'))(
    '%s lists the errors common to all writes',
    (_, __, ___, { responses }) => {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '401', '413', '415']));
    },
  );
});
