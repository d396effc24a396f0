import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LONGEST_FILE = 400;

/** What is answered about, with what that rests on. */
const DOMAIN = [
  'metrics',
  'samples',
  'engines',
  'vpn',
  'streams',
  'history',
  'events',
  'cache',
  'config',
  'errors',
];

/**
 * Which rooms each room of src/ may import from; all but the lowest may also use errors. A file at the top
 * of src/ is a room of its own. Imports run one way: api → engines, vpn, streams → events → cache; runtimes
 * implement what engines and vpn ask for.
 */
const ROOMS: Record<string, readonly string[]> = {
  cache: [],
  settings: [],
  config: ['settings'],
  caches: ['settings', 'http-cache', 'result-cache', 'redis', 'cache'],
  errors: [],
  log: [],
  events: ['cache', 'errors'],
  http: ['cache', 'errors'],
  'http-cache': ['cache'],
  engines: ['http', 'events', 'cache', 'errors'],
  vpn: ['http', 'events', 'cache', 'errors'],
  streams: ['http', 'events', 'cache', 'errors'],
  redis: ['cache'],
  'result-cache': ['cache'],
  cluster: ['redis', 'streams', 'events', 'cache'],
  history: ['streams', 'events', 'cache', 'errors'],
  samples: ['engines', 'http', 'cache'],
  metrics: ['engines', 'vpn', 'streams', 'events', 'cache'],
  runtimes: ['engines', 'vpn', 'config', 'errors'],
  api: [...DOMAIN, 'http'],
  assembly: ['api', 'cluster', 'redis', ...DOMAIN],
  app: ['assembly', 'api', 'cluster', ...DOMAIN],
  main: ['app', 'log', 'settings', 'metrics', 'runtimes', 'cache', 'config', 'errors'],
};

/** Packages that stay behind one door, and the paths under src/ that are the door. */
const DOORS: { what: RegExp; paths: RegExp }[] = [
  { what: /^dockerode$/, paths: /^runtimes\/docker(\/|\.ts$)/ },
  { what: /^@redis\//, paths: /^redis\// },
  { what: /^@prometheus-io\//, paths: /^metrics\// },
  { what: /^node:sqlite$/, paths: /^history\/(worker|tables|schema|rows)\.ts$/ },
  { what: /^(fastify$|@fastify\/|fastify-)/, paths: /^(api\/|assembly\/|app\.ts$|main\.ts$)/ },
];

/** What a file imports, in whatever way: types and re-exports too. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const statement =
    /^\s*(?:import|export)\s[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm;
  return [...code.matchAll(statement)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}

/** Why a file, by its path under src/, may not import something; undefined if it may. */
function objection(path: string, specifier: string): string | undefined {
  const room = roomOf(path);
  if (!Object.hasOwn(ROOMS, room)) return `${path}: the table of rooms lacks ${room}`;
  if (!specifier.startsWith('.')) {
    const shut = DOORS.some(({ what, paths }) => what.test(specifier) && !paths.test(path));
    return shut ? `${path} imports ${specifier}` : undefined;
  }
  const target = join(dirname(path), specifier);
  // The one file outside src/ that is shipped with it; the process tells its version.
  if (room === 'main' && target === '../package.json') return undefined;
  if (target.startsWith('..')) return `${path} imports ${specifier}, which is outside src/`;
  const targetRoom = roomOf(target);
  const allowed = targetRoom === room || ROOMS[room]!.includes(targetRoom);
  return allowed ? undefined : `${path} imports ${specifier}: ${room} may not know ${targetRoom}`;
}

/** A way from a file back to itself through imports that are there at run time. */
function cycle(files: Map<string, string>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, way: string[]): string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    const source = (files.get(path) ?? '').replace(/^\s*(import|export) type\s[^;]*;/gm, '');
    for (const specifier of importsOf(source).filter((name) => name.startsWith('.'))) {
      const found = visit(join(dirname(path), specifier), [...way, path]);
      if (found) return found;
    }
    done.add(path);
    return undefined;
  };
  for (const path of files.keys()) {
    const found = visit(path, []);
    if (found) return found;
  }
  return undefined;
}

const files = new Map(
  globSync('**/*.ts', { cwd: join(ROOT, 'src') })
    .sort()
    .map((path) => [path, readFileSync(join(ROOT, 'src', path), 'utf8')]),
);

describe('the rooms of src/', () => {
  test('import only from the rooms below them, and use only packages that are theirs', () => {
    expect(files.has('cache/cache.ts')).toBe(true);
    const objections = [...files].flatMap(([path, source]) =>
      importsOf(source).map((specifier) => objection(path, specifier)),
    );
    expect(objections.length).toBeGreaterThan(20);
    expect(objections.filter((objection) => objection !== undefined)).toEqual([]);
  });

  test('hold no two files that import each other, directly or round about', () => {
    expect(cycle(files)).toBeUndefined();
  });

  test(`hold no file of more than ${LONGEST_FILE} lines`, () => {
    const lengths = [...files].map(([path, source]) => ({ path, lines: source.split('\n').length - 1 }));
    expect(lengths.filter(({ lines }) => lines > LONGEST_FILE)).toEqual([]);
  });
});

describe('the check itself', () => {
  test('sees every way to import', () => {
    const source = `
      import a from './a.ts';
      import { b, type B } from "./b.ts";
      import type { C } from './c.ts';
      import {
        d,
        e,
      } from './d.ts';
      import * as f from './f.ts';
      import './g.ts';
      export { h } from './h.ts';
      export * from './i.ts';
      const j = await import('./j.ts');
      const k = require('./k.ts');
      // import no from './comment.ts';
      /* import no from './block.ts'; */
      export const text = 'nothing from here';
      export type { L } from './l.ts';
    `;
    expect(importsOf(source)).toEqual('abcdfghijkl'.split('').map((name) => `./${name}.ts`));
  });

  test.each([
    ['cache/cache.ts', '../errors.ts'],
    ['config/config.ts', '../errors.ts'],
    ['errors.ts', './config/config.ts'],
    ['events/events.ts', '../engines/registry.ts'],
    ['engines/health.ts', '../runtimes/docker/runtime.ts'],
    ['vpn/gluetun.ts', '../api/server.ts'],
    ['streams/streams.ts', '../app.ts'],
    ['streams/streams.ts', '../engines/registry.ts'],
    ['http/get-json.ts', '../engines/engine.ts'],
    ['http-cache/engine.ts', '../engines/engine.ts'],
    ['cache/cache.ts', '../http-cache/index.ts'],
    ['history/history.ts', '../engines/registry.ts'],
    ['history/history.ts', 'node:sqlite'],
    ['samples/past.ts', '../history/history.ts'],
    ['runtimes/process/runtime.ts', '../../events/events.ts'],
    ['runtimes/process/runtime.ts', 'dockerode'],
    ['runtimes/dockerish.ts', 'dockerode'],
    ['api/engines.ts', '../runtimes/docker/runtime.ts'],
    ['api/engines.ts', 'dockerode'],
    ['engines/stats.ts', 'fastify'],
    ['api/routes/metrics.ts', '@prometheus-io/client'],
    ['metrics/metrics.ts', '../api/server.ts'],
    ['cache/cache.ts', '@redis/client'],
    ['result-cache/result-cache.ts', '../redis/index.ts'],
    ['vpn/gluetun.ts', '@fastify/static'],
    ['api/server.ts', '../main.ts'],
    ['app.ts', './main.ts'],
    ['engines/stats.ts', '../../test/support/fake-clock.ts'],
    ['api/server.ts', '../../package.json'],
    ['attic/new.ts', './other.ts'],
  ])('objects to %s importing %s', (path, specifier) => {
    expect(objection(path, specifier)).toContain(path);
  });

  test.each([
    ['cache/cache.ts', './clock.ts'],
    ['cache/key.ts', 'node:crypto'],
    ['events/table.ts', '../cache/index.ts'],
    ['runtimes/docker/runtime.ts', 'dockerode'],
    ['runtimes/docker/runtime.ts', '../../engines/runtime.ts'],
    ['api/plugins/auth.ts', 'fastify'],
    ['api/engines.ts', '../engines/registry.ts'],
    ['streams/sessions.ts', '../http/get-json.ts'],
    ['http-cache/options.ts', '../cache/index.ts'],
    ['app.ts', './assembly/http.ts'],
    ['main.ts', './app.ts'],
    ['main.ts', '../package.json'],
  ])('lets %s import %s', (path, specifier) => {
    expect(objection(path, specifier)).toBeUndefined();
  });

  test('finds a cycle, and not one of types alone', () => {
    const looping = new Map([
      ['a.ts', "import { b } from './room/b.ts';"],
      ['room/b.ts', "import { c } from './c.ts';"],
      ['room/c.ts', "import { a } from '../a.ts';"],
    ]);
    expect(cycle(looping)).toEqual(['a.ts', 'room/b.ts', 'room/c.ts', 'a.ts']);
    looping.set('room/c.ts', "import type { A } from '../a.ts';");
    expect(cycle(looping)).toBeUndefined();
  });
});
