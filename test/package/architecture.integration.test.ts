import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAX_LINES = 400;
/** Generated files, which may be longer. */
const GENERATED = ['panel/lib/api-types.ts'];

/** A room imports only from rooms in rows above its own. */
const LIBRARY_LAYERS = [['util'], ['cache', 'settings'], ['redis', 'http-cache', 'result-cache'], ['preset']];
const PANEL_LAYERS = [['lib', 'styles'], ['theme', 'hooks'], ['components'], ['pages'], ['app'], ['main']];
const SERVICE_LAYERS = [
  ['config', 'errors', 'log', 'http-client'],
  ['events'],
  ['engines', 'vpn', 'streams'],
  ['cluster', 'event-log', 'time-series', 'metrics', 'runtimes'],
  ['api'],
  ['wiring'],
  ['app'],
];

/** Packages that only one place imports. */
const DOORS: { what: RegExp; where: RegExp }[] = [
  { what: /^dockerode$/, where: /^service\/runtimes\/docker\// },
  { what: /^@redis\//, where: /^library\/redis\// },
  { what: /^undici$/, where: /^(library\/http-cache|service\/http-client)\// },
  { what: /^@prometheus-io\//, where: /^service\/metrics\// },
  { what: /^node:sqlite$/, where: /^service\/event-log\// },
  { what: /^(fastify$|@fastify\/|fastify-)/, where: /^service\/(api|wiring)\// },
  { what: /^(preact|uplot)(\/|$)/, where: /^panel\// },
];

type Rule = (from: Place, to: Place) => boolean;

/** A file under src/: `library/cache/key.ts` is file `key.ts` of room `cache` in building `library`. */
interface Place {
  path: string;
  building: string;
  room: string;
}

/** Each rule says what is allowed of an import of one file under src/ by another. */
const RULES: Record<string, Rule> = {
  'the library imports only the library': (from, to) =>
    from.building !== 'library' || to.building === 'library',
  'the service imports the library and itself': (from, to) =>
    from.building !== 'service' || ['library', 'service'].includes(to.building),
  'the panel imports itself, library/util and the types of the API': (from, to) =>
    from.building !== 'panel' || to.building === 'panel' || to.path.startsWith('library/util/'),
  'a room imports only from the layers below it': (from, to) =>
    from.building !== to.building || from.room === to.room || layerOf(to) < layerOf(from),
  'a room of the library is imported through its index.ts, but for util': (from, to) =>
    to.building !== 'library' ||
    from.building === 'library' ||
    to.room === 'util' ||
    to.path.endsWith('/index.ts'),
  'only main.ts opens a runtime': (from, to) =>
    to.room !== 'runtimes' || ['runtimes', 'main'].includes(from.room),
};

function layerOf({ building, room }: Place): number {
  const layers = { library: LIBRARY_LAYERS, service: SERVICE_LAYERS, panel: PANEL_LAYERS }[building];
  if (!layers) return 0;
  const layer = layers.findIndex((rooms) => rooms.includes(room));
  if (layer === -1) throw new Error(`No layer lists the room ${building}/${room}: add it to this test`);
  return layer;
}

function placeOf(path: string): Place {
  const [building, room] = path.split('/').map((part) => part.replace(/\.tsx?$/, ''));
  return { path, building: building!, room: room ?? building! };
}

/** Everything a file imports, whatever the form; types and re-exports included. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const statement =
    /^\s*(?:import|export)\s[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm;
  return [...code.matchAll(statement)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** The rules that an import breaks, each as one line. */
function objections(path: string, specifier: string): string[] {
  const from = placeOf(path);
  if (!specifier.startsWith('.')) {
    const closed = DOORS.some(({ what, where }) => what.test(specifier) && !where.test(path));
    const nodeInBrowser = isBuiltin(specifier) && runsInBrowsers(from) && !path.endsWith('vite.config.ts');
    return closed || nodeInBrowser ? [`${path} imports ${specifier}`] : [];
  }
  const target = join(dirname(path), specifier);
  if (from.path === 'main.ts' && target === '../package.json') return [];
  if (target.startsWith('..')) return [`${path} imports ${specifier}, which is outside src/`];
  return Object.entries(RULES)
    .filter(([, allows]) => !allows(from, placeOf(target)))
    .map(([rule]) => `${path} imports ${specifier}: ${rule}`);
}

/** Browsers have no Node modules. The panel uses library/util, so that is for both. */
function runsInBrowsers({ path, building }: Place): boolean {
  return building === 'panel' || path === 'library/util/glob.ts';
}

/** A cycle of imports that exist at run time, as the paths along it. */
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
  globSync('**/*.{ts,tsx}', { cwd: join(ROOT, 'src') })
    .sort()
    .map((path) => [path, readFileSync(join(ROOT, 'src', path), 'utf8')]),
);

describe('the files of src/', () => {
  test('keep the rules for imports', () => {
    expect(files.size).toBeGreaterThan(200);
    const broken = [...files].flatMap(([path, source]) =>
      importsOf(source).flatMap((specifier) => objections(path, specifier)),
    );
    expect(broken).toEqual([]);
  });

  test('import each other in no circle', () => {
    expect(cycle(files)).toBeUndefined();
  });

  test(`have at most ${MAX_LINES} lines`, () => {
    const tooLong = [...files]
      .filter(([, source]) => source.split('\n').length - 1 > MAX_LINES)
      .map(([path]) => path);
    expect(tooLong.filter((path) => !GENERATED.includes(path))).toEqual([]);
  });
});

describe('the check itself', () => {
  test('finds every form of import', () => {
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
  ])('objects to %s importing %s', (path, specifier) => {
    expect(objections(path, specifier)).not.toEqual([]);
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
    ['main.ts', './service/runtimes/open-runtime.ts'],
    ['main.ts', '../package.json'],
    ['panel/lib/labels.ts', '../../library/util/glob.ts'],
  ])('lets %s import %s', (path, specifier) => {
    expect(objections(path, specifier)).toEqual([]);
  });

  test('finds a cycle, but not one of types alone', () => {
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
