import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePorts } from '../support/http/free-ports.ts';
import { type StubServer, startStubServer } from '../support/http/stub-server.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis/redis.ts';
import { type PackedProject, packLibrary } from './packed-project.ts';
import { documentedPrograms, examplePrograms, type Program } from './programs.ts';

const MINUTES_MS = 60_000;
const ENTRIES = [
  'asset-cache',
  'byte-store-contract',
  'browser-state',
  'cache',
  'disk-store',
  'gateway',
  'http-cache',
  'preset',
  'redis',
  'result-cache',
];

const programs = [...documentedPrograms(), ...examplePrograms()];

let packed: PackedProject | { missing: string };
let project: PackedProject;
let origin: StubServer;

beforeAll(async () => {
  origin = await startStubServer((request, response) => {
    response.setHeader('cache-control', request.url === '/items' ? 'max-age=60' : 'no-store');
    response.end(request.url === '/items' ? '[1,2,3]' : '{"data":{}}');
  });
  packed = await packLibrary();
  if ('missing' in packed) return;
  project = packed;
  const url = `http://127.0.0.1:${origin.port}`;
  await project.compile(new Map(programs.map((program) => [program.name, program.source(url)])));
}, 10 * MINUTES_MS);

beforeEach((context) => {
  if ('missing' in packed) context.skip(packed.missing);
});

afterAll(async () => {
  await origin[Symbol.asyncDispose]();
  await project?.[Symbol.asyncDispose]();
});

describe('the package', () => {
  const manifest = () => JSON.parse(readFileSync(join(project.library, 'package.json'), 'utf8'));

  test('depends on the packages that its files import, and not on those of the service', () => {
    const files = globSync('*/**/*.{js,d.ts}', { cwd: project.library });
    expect(files.length).toBeGreaterThan(100);
    const sources = files
      .filter((path) => !path.startsWith('examples/'))
      .map((path) => readFileSync(join(project.library, path), 'utf8'));
    const imported = sources.flatMap((source) =>
      [...source.matchAll(/\b(?:from|import|import\()\s*["']([@\w][^"']*)["']/g)].map(([, name]) => name!),
    );
    const packages = [...new Set(imported)].filter((name) => !isBuiltin(name));
    const optional = ['@aws-sdk/client-s3', '@google-cloud/storage'];
    expect(packages.sort()).toEqual([...optional, '@redis/client', 'ipaddr.js', 'p-limit', 'undici'].sort());
    expect(Object.keys(manifest().dependencies)).toEqual(['@redis/client', 'ipaddr.js', 'p-limit', 'undici']);
    expect(Object.keys(manifest().peerDependencies)).toEqual(optional);
    expect(manifest().peerDependenciesMeta).toEqual(
      Object.fromEntries(optional.map((name) => [name, { optional: true }])),
    );
    for (const name of [...optional, 'fastify', 'dockerode', `node-${process.platform}-${process.arch}`]) {
      expect(existsSync(join(project.folder, 'node_modules', name)), name).toBe(false);
    }
  });

  test('has code and types for each entry point, and the licence', () => {
    const { exports, license } = manifest();
    expect(Object.keys(exports)).toEqual(ENTRIES.map((entry) => `./${entry}`));
    for (const target of Object.values<{ types: string; default: string }>(exports)) {
      expect(existsSync(join(project.library, target.types))).toBe(true);
      expect(existsSync(join(project.library, target.default))).toBe(true);
    }
    expect(license).toBe('MIT');
    expect(existsSync(join(project.library, 'LICENSE'))).toBe(true);
  });

  test.each(['roundhouse-assets', 'roundhouse-profile'])(
    'has the command %s, which runs on both versions of Node.js',
    async (name) => {
      const command = join(project.folder, 'node_modules', '.bin', name);
      for (const { path } of project.nodes) {
        const { stdout } = await promisify(execFile)(path, [command, '--help'], { cwd: project.folder });
        expect(stdout).toContain(`Usage: ${name}`);
      }
    },
  );

  test('has declarations that import existing files', () => {
    for (const path of globSync('**/*.d.ts', { cwd: project.library })) {
      const folder = join(project.library, path, '..');
      const source = readFileSync(join(project.library, path), 'utf8');
      for (const [, target] of source.matchAll(/["'](\.{1,2}\/[^"']+)["']/g)) {
        expect(target).toMatch(/\.js$/);
        expect(existsSync(join(folder, target!.replace(/\.js$/, '.d.ts'))), `${path}: ${target}`).toBe(true);
      }
    }
  });

  test('has a README and documentation without broken links', async () => {
    const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: project.library })];
    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) {
      const path = join(project.library, page);
      const links = [...(await readFile(path, 'utf8')).matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
      if (page === 'README.md') expect(links.length).toBeGreaterThan(10);
      for (const link of links.filter((target) => !target.startsWith('https:'))) {
        const [target, anchor] = link.split('#') as [string, string?];
        const file = target === '' ? path : join(path, '..', target);
        expect(existsSync(file), `${page}: ${link}`).toBe(true);
        if (anchor) expect(await anchorsOf(file), `${page}: ${link}`).toContain(anchor);
      }
    }
  });
});

async function anchorsOf(file: string): Promise<string[]> {
  return [...(await readFile(file, 'utf8')).matchAll(/^##+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the types of the package', { timeout: 5 * MINUTES_MS }, () => {
  const consumer = ENTRIES.map(
    (entry, index) => `import * as entry${index} from 'roundhouse/${entry}';\nexport { entry${index} };\n`,
  )
    .join('')
    .concat(
      "import { openCaches } from 'roundhouse/preset';\n",
      "export const anyFetch: typeof fetch = openCaches().fetchFor('service');\n",
    );

  test.each([
    { module: 'nodenext', moduleResolution: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ])(
    'are found with moduleResolution $moduleResolution, and pass the check of declaration files',
    async (options) => {
      const checked = { ...options, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true };
      await project.compile(new Map([['consumer', consumer]]), checked);
    },
  );

  test('reject incorrect code', async () => {
    const wrong =
      "import { Cache } from 'roundhouse/cache';\nnew Cache<number>().set('k', 'text', { ttlS: 1 });\n";
    await expect(project.compile(new Map([['consumer', wrong]]), { noEmit: true })).rejects.toThrow(
      /consumer\.ts\(2,\d+\): error TS2345/,
    );
  });
});

/** Runs a program until it exits, on each version of Node.js in turn. */
async function runOnEachNode({ name, prints }: Program, redisUrl = '', before = async () => {}) {
  for (const { version, path } of project.nodes) {
    await before();
    const { stdout, stderr } = await promisify(execFile)(path, [join('out', `${name}.js`)], {
      cwd: project.folder,
      env: {
        PATH: process.env.PATH,
        REDIS_URL: redisUrl,
        // Programs of the docs leave their temporary folders.
        TMPDIR: project.folder,
        // The programs import the same files.
        NODE_COMPILE_CACHE: join(project.folder, 'compile-cache'),
      },
      timeout: MINUTES_MS,
    });
    expect(stderr, version).toBe('');
    if (prints) expect(maskTtls(stdout.trimEnd().split('\n')), version).toEqual(maskTtls(prints));
  }
}

/** Masks the remaining TTLs, which depend on how fast a program runs. */
function maskTtls(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ttl=\d+/, 'ttl=…'));
}

describe('programs that use the package run on both versions of Node.js, and exit', () => {
  const timeout = 3 * MINUTES_MS;
  const withoutRedis = programs.filter(({ needsRedis }) => !needsRedis);

  test.each(withoutRedis)('$name', { timeout }, (program) => runOnEachNode(program));

  const fallingBack = programs.filter(({ prints, needsCaches }) => prints && needsCaches);
  test.each(fallingBack)('$name, while Redis is unavailable', { timeout }, async (program) => {
    const [port] = await freePorts(1);
    await runOnEachNode(program, `redis://127.0.0.1:${port}`);
  });

  describeWithRedis('with Redis', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis[Symbol.asyncDispose]());

    const withRedis = programs.filter(({ needsRedis }) => needsRedis);
    test.each(withRedis)('$name', { timeout }, (program) =>
      runOnEachNode(program, redis.url, async () => void (await redis.command('FLUSHALL'))),
    );
  });

  test('the versions are 22 and that of the tests', async () => {
    const versions = project.nodes.map(async ({ path }) =>
      (await promisify(execFile)(path, ['-v'])).stdout.trim(),
    );
    expect(await Promise.all(versions)).toEqual(project.nodes.map(({ version }) => version));
    expect(project.nodes[0]!.version).toMatch(/^v22\./);
  });
});
