import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_LINES = 400;
/** A generated file and a table of texts, which may be longer. */
const LONG = ['panel/lib/api-types.ts', 'panel/texts/es.ts'];

/** Rooms by layer. A room imports only from the layers before its own. */
const LIBRARY_LAYERS = [
  ['util'],
  ['cache', 'settings'],
  ['redis', 'http-cache', 'result-cache', 'disk-store'],
  ['preset', 'asset-cache', 'gateway', 'browser-state'],
];
const PANEL_LAYERS = [
  ['texts'],
  ['lib', 'styles'],
  ['theme', 'hooks'],
  ['components'],
  ['pages'],
  ['app'],
  ['main'],
];
const SERVICE_LAYERS = [
  ['errors'],
  ['config', 'log', 'http-client', 'redis'],
  ['events'],
  ['engines', 'vpn', 'streams', 'browser'],
  ['cluster', 'event-log', 'time-series', 'metrics', 'notifications', 'runtimes'],
  ['api'],
  ['wiring'],
  ['app'],
];

/** Packages that may be imported only in one place. */
const RESTRICTED_PACKAGES: { package: RegExp; importers: RegExp }[] = [
  { package: /^dockerode$/, importers: /^service\/runtimes\/(docker|swarm)\// },
  { package: /^@redis\//, importers: /^library\/redis\// },
  { package: /^@(aws-sdk|google-cloud)\//, importers: /^library\/browser-state\/drivers\// },
  { package: /^undici$/, importers: /^(library\/(http-cache|gateway)|service\/http-client)\// },
  { package: /^ipaddr\.js$/, importers: /^library\/gateway\// },
  { package: /^@prometheus-io\//, importers: /^service\/metrics\// },
  { package: /^playwright-core$/, importers: /^service\/browser\// },
  { package: /^node:sqlite$/, importers: /^service\/event-log\// },
  { package: /^(fastify$|@fastify\/|fastify-)/, importers: /^service\/(api|wiring)\// },
  { package: /^(preact|uplot)(\/|$)/, importers: /^panel\// },
];

/** Whether one file may import another. */
type Rule = (from: SourceFile, to: SourceFile) => boolean;

/** A file in src/: `library/cache/key.ts` is in the part `library` and there in the room `cache`. */
interface SourceFile {
  path: string;
  part: string;
  room: string;
}

/** The rules for imports within src/. */
const RULES: Record<string, Rule> = {
  'the library imports only the library': (from, to) => from.part !== 'library' || to.part === 'library',
  'the service imports the library and itself': (from, to) =>
    from.part !== 'service' || ['library', 'service'].includes(to.part),
  'the panel imports itself and library/util': (from, to) =>
    from.part !== 'panel' || to.part === 'panel' || to.path.startsWith('library/util/'),
  'a room imports only from the layers below it': (from, to) =>
    from.part !== to.part || from.room === to.room || layerOf(to) < layerOf(from),
  'a room of the library is imported through its index.ts, except util': (from, to) =>
    to.part !== 'library' || from.part === 'library' || to.room === 'util' || to.path.endsWith('/index.ts'),
  'only serve.ts opens a runtime, and agent.ts an agent': (from, to) =>
    to.room !== 'runtimes' || ['runtimes', 'serve', 'agent', 'healthcheck'].includes(from.room),
};

function layerOf({ part, room }: SourceFile): number {
  const layers = { library: LIBRARY_LAYERS, service: SERVICE_LAYERS, panel: PANEL_LAYERS }[part];
  if (!layers) return 0;
  const layer = layers.findIndex((rooms) => rooms.includes(room));
  if (layer === -1) throw new Error(`no layer contains the room ${part}/${room}: add it in this test`);
  return layer;
}

function parsePath(path: string): SourceFile {
  const [part, room] = path.split('/').map((name) => name.replace(/\.tsx?$/, ''));
  return { path, part: part!, room: room ?? part! };
}

/** Returns the specifiers of all imports of a file, including types and re-exports. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const statement =
    /^\s*(?:import|export)\s[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm;
  return [...code.matchAll(statement)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** Returns the rules that an import violates, one line each. */
function violations(path: string, specifier: string): string[] {
  const from = parsePath(path);
  if (!specifier.startsWith('.')) {
    const isRestricted = RESTRICTED_PACKAGES.some(
      (rule) => rule.package.test(specifier) && !rule.importers.test(path),
    );
    const isNodeInBrowser = isBuiltin(specifier) && runsInBrowsers(from) && !path.endsWith('vite.config.ts');
    return isRestricted || isNodeInBrowser ? [`${path} imports ${specifier}`] : [];
  }
  const target = join(dirname(path), specifier);
  if (['serve.ts', 'agent.ts'].includes(from.path) && target === '../package.json') return [];
  if (target.startsWith('..')) return [`${path} imports ${specifier}, which is outside src/`];
  return Object.entries(RULES)
    .filter(([, allows]) => !allows(from, parsePath(target)))
    .map(([rule]) => `${path} imports ${specifier}: ${rule}`);
}

/** Whether a file runs in browsers, where it cannot import Node.js modules. */
function runsInBrowsers({ path, part }: SourceFile): boolean {
  return part === 'panel' || path === 'library/util/glob.ts';
}

/** Finds a cycle of run-time imports. @returns the paths in the cycle, or undefined */
function findCycle(files: Map<string, string>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    const source = (files.get(path) ?? '').replace(/^\s*(import|export) type\s[^;]*;/gm, '');
    for (const specifier of importsOf(source).filter((name) => name.startsWith('.'))) {
      const found = visit(join(dirname(path), specifier), [...trail, path]);
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
  globSync('**/*.{ts,tsx}', { cwd: join(ROOT, 'src') })
    .sort()
    .map((path) => [path, readFileSync(join(ROOT, 'src', path), 'utf8')]),
);

describe('the files in src/', () => {
  test('follow the rules for imports', () => {
    expect(files.size).toBeGreaterThan(200);
    const broken = [...files].flatMap(([path, source]) =>
      importsOf(source).flatMap((specifier) => violations(path, specifier)),
    );
    expect(broken).toEqual([]);
  });

  test('have no import cycles', () => {
    expect(findCycle(files)).toBeUndefined();
  });

  test(`have at most ${MAX_LINES} lines`, () => {
    const tooLong = [...files]
      .filter(([, source]) => source.split('\n').length - 1 > MAX_LINES)
      .map(([path]) => path);
    expect(tooLong.filter((path) => !LONG.includes(path))).toEqual([]);
  });
});

describe('the checks', () => {
  test('find every form of import', () => {
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
      // import x from './comment.ts';
      /* import x from './block.ts'; */
      export const text = 'nothing from here';
      export type { L } from './l.ts';
    `;
    expect(importsOf(source)).toEqual('abcdfghijkl'.split('').map((name) => `./${name}.ts`));
  });

  test.each([
    ['library/cache/cache.ts', '../../service/errors.ts'],
    ['library/cache/cache.ts', '../http-cache/index.ts'],
    ['library/redis/link.ts', '../http-cache/index.ts'],
    ['library/cache/cache.ts', '@redis/client'],
    ['library/util/glob.ts', 'node:crypto'],
    ['service/events/events.ts', '../engines/registry.ts'],
    ['service/engines/health.ts', '../vpn/vpn.ts'],
    ['service/engines/provisioner.ts', '../api/schemas/status.ts'],
    ['service/engines/health.ts', '../../library/cache/clock.ts'],
    ['service/engines/health.ts', '../../panel/lib/api.ts'],
    ['service/engines/stats.ts', 'fastify'],
    ['service/api/engines.ts', '../runtimes/docker/client.ts'],
    ['service/api/engines.ts', 'dockerode'],
    ['service/runtimes/process/process-runtime.ts', 'dockerode'],
    ['service/event-log/event-log.ts', '../time-series/ring.ts'],
    ['service/time-series/ring.ts', 'node:sqlite'],
    ['service/app.ts', '../main.ts'],
    ['service/engines/stats.ts', '../../../test/support/fake-clock.ts'],
    ['service/api/server.ts', '../../../package.json'],
    ['panel/lib/api.ts', '../../service/api/views.ts'],
    ['panel/lib/api.ts', 'node:fs'],
  ])('reject the import in %s of %s', (path, specifier) => {
    expect(violations(path, specifier)).not.toEqual([]);
  });

  test.each([
    ['library/cache/cache.ts', '../util/clock.ts'],
    ['library/cache/key.ts', 'node:crypto'],
    ['library/preset/open.ts', '../redis/index.ts'],
    ['service/events/invalidation.ts', '../../library/cache/index.ts'],
    ['service/runtimes/docker/client.ts', 'dockerode'],
    ['service/runtimes/docker/docker-runtime.ts', '../../engines/runtime.ts'],
    ['service/api/routes/engines.ts', '../../engines/registry.ts'],
    ['service/app.ts', './wiring/api.ts'],
    ['serve.ts', './service/runtimes/open-runtime.ts'],
    ['serve.ts', '../package.json'],
    ['panel/lib/labels.ts', '../../library/util/glob.ts'],
  ])('allow the import in %s of %s', (path, specifier) => {
    expect(violations(path, specifier)).toEqual([]);
  });

  test('find a cycle, unless it consists of types only', () => {
    const files = new Map([
      ['a.ts', "import { b } from './room/b.ts';"],
      ['room/b.ts', "import { c } from './c.ts';"],
      ['room/c.ts', "import { a } from '../a.ts';"],
    ]);
    expect(findCycle(files)).toEqual(['a.ts', 'room/b.ts', 'room/c.ts', 'a.ts']);
    files.set('room/c.ts', "import type { A } from '../a.ts';");
    expect(findCycle(files)).toBeUndefined();
  });
});
