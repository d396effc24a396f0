import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Packages that only some storages of profiles need. Users install those that they use. */
const OPTIONAL_PEERS = ['@aws-sdk/client-s3', '@google-cloud/storage'];
/** Folder of the package that `npm run build` creates. It contains the library only, not the service. */
export const LIBRARY = join(ROOT, 'dist', 'library');

interface Manifest {
  version: string;
  license: string;
  engines: { node: string };
  bin: Record<string, string>;
  exports: Record<string, { default: string }>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/**
 * Returns the `package.json` of the library: its entry points, and the dependencies that its built files import.
 * @throws Error if a file imports a package that is not a dependency of the project
 */
export function libraryManifest(): string {
  const root = readManifest(join(ROOT, 'package.json'));
  const imported = importedPackages(LIBRARY);
  const names = imported.filter((name) => !OPTIONAL_PEERS.includes(name));
  const peers = imported.filter((name) => OPTIONAL_PEERS.includes(name));
  const undeclared = names.filter((name) => root.dependencies[name] === undefined);
  if (undeclared.length > 0) throw new Error(`imported, but not in "dependencies": ${undeclared.join(', ')}`);
  const ranges = [root, ...names.map(installedManifest)].map(({ engines }) => engines.node);
  const manifest = {
    name: 'roundhouse',
    version: root.version,
    description:
      'Caches for Node.js: for values, HTTP responses, function results and assets, in memory, on disk and in Redis.',
    license: root.license,
    type: 'module',
    sideEffects: false,
    engines: { node: highest(ranges) },
    bin: Object.fromEntries(
      Object.entries(root.bin).map(([name, path]) => [name, path.replace('./dist/library/', '')]),
    ),
    exports: Object.fromEntries(
      Object.entries(root.exports).map(([entry, target]) => {
        const path = target.default.replace('./dist/library/', './');
        return [entry, { types: path.replace(/\.js$/, '.d.ts'), default: path }];
      }),
    ),
    // Ranges, so that a project which also uses undici gets a single copy of it.
    dependencies: Object.fromEntries(names.map((name) => [name, `^${root.dependencies[name]}`])),
    peerDependencies: Object.fromEntries(peers.map((name) => [name, `^${root.devDependencies[name]}`])),
    peerDependenciesMeta: Object.fromEntries(peers.map((name) => [name, { optional: true }])),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Returns docs/library.md with its links adapted to the package. Links to files outside it become plain text. */
export function libraryReadme(): string {
  const page = readFileSync(join(ROOT, 'docs', 'library.md'), 'utf8');
  return page
    .replaceAll('](../examples/', '](examples/')
    .replaceAll(/\[([^\]]+)\]\((?!https:|#|examples\/)[^)]*\)/g, '$1');
}

/** Returns the names of the packages that the built files and declarations of a folder import. */
export function importedPackages(folder: string): string[] {
  const specifiers = globSync('*/**/*.{js,d.ts}', { cwd: folder }).flatMap((path) =>
    importsOf(readFileSync(join(folder, path), 'utf8')),
  );
  const names = specifiers
    .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)![0]);
  return [...new Set(names)].sort();
}

/** Handles only the forms of import that the compiler emits. */
function importsOf(code: string): string[] {
  const statement =
    /^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\(["']([^"']+)["']\)/gm;
  return [...code.matchAll(statement)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** Returns the `>=` range with the highest version. */
function highest(ranges: readonly string[]): string {
  const parts = (range: string) => (/^>=\s*([\d.]+)$/.exec(range)?.[1] ?? '').split('.').map(Number);
  const compare = (a: string, b: string) => {
    const [left, right] = [parts(a), parts(b)];
    const differing = [0, 1, 2].find((i) => (left[i] ?? 0) !== (right[i] ?? 0));
    return differing === undefined ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
  };
  return [...ranges].sort(compare).at(-1)!;
}

/** Read by its path: not every package exports its package.json. */
function installedManifest(name: string): Manifest {
  return readManifest(join(ROOT, 'node_modules', name, 'package.json'));
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8'));
}
