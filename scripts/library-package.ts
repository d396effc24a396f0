import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
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

/**
 * Returns the documentation of the library by path in the package: docs/library.md as the README, and the pages to which
 * it links. Links between them and to examples/ are adapted. Others, to files outside the package, become plain text.
 */
export function libraryPages(): Map<string, string> {
  const docs = join(ROOT, 'docs');
  const folder = globSync('library/*.md', { cwd: docs });
  const others = ['asset-cache.md', 'browser-state.md', 'gateway.md'];
  const pages = new Map([...folder, ...others].map((path) => [`docs/${path}`, `docs/${path}`]));
  pages.set('docs/library.md', 'README.md');
  return new Map(
    [...pages].map(([source, packaged]) => {
      const page = readFileSync(join(ROOT, source), 'utf8');
      return [packaged, page.replaceAll(LINK, (link) => packagedLink(link, source, pages))];
    }),
  );
}

const LINK = /\[[^\]]+\]\([^)]+\)/g;

/** @param pages paths in the package, by the paths in the project */
function packagedLink(link: string, source: string, pages: ReadonlyMap<string, string>): string {
  const [, text, target] = /^\[(.*)\]\((.*)\)$/s.exec(link)!;
  if (/^(https:|#)/.test(target!)) return link;
  const [path, anchor] = target!.split('#') as [string, string?];
  const inProject = posix.join(posix.dirname(source), path);
  const inPackage = pages.get(inProject) ?? (inProject.startsWith('examples/') ? inProject : undefined);
  if (inPackage === undefined) return text!;
  const relative = posix.relative(posix.dirname(pages.get(source)!), inPackage);
  return `[${text}](${relative}${anchor === undefined ? '' : `#${anchor}`})`;
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
