import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/run.ts';
import { underCi } from '../support/system-packages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 240_000;
const NO_REGISTRY =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;

/** A project that has only the packed library installed. */
export interface PackedProject extends AsyncDisposable {
  /** Folder of the project. */
  readonly folder: string;
  /** Folder of the installed package. */
  readonly library: string;
  /** The lowest version of Node.js that the library supports, and the one that runs the tests. */
  readonly nodes: readonly { readonly version: string; readonly path: string }[];
  /**
   * Compiles files into `out/`.
   * @param sources source of each file, by its name without `.ts`
   * @throws Error with the compiler's messages
   */
  compile(sources: ReadonlyMap<string, string>, options?: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Builds, packs and installs the library.
 * @returns the project, or the reason to skip the tests if the registry is unreachable
 * @throws Error under continuous integration if the registry is unreachable
 */
export async function packLibrary(): Promise<PackedProject | { missing: string }> {
  const temporary = await mkdtemp(join(tmpdir(), 'roundhouse-library-'));
  const remove = () => rm(temporary, { recursive: true, force: true });
  try {
    return await install(temporary, remove);
  } catch (error) {
    await remove();
    if (underCi() || !NO_REGISTRY.test(String(error))) throw error;
    return { missing: 'the npm registry is unreachable' };
  }
}

async function install(temporary: string, remove: () => Promise<void>): Promise<PackedProject> {
  await run(process.execPath, ['scripts/build-library.ts'], { cwd: ROOT, timeout: TIMEOUT_MS });
  const packed = join(ROOT, 'dist', 'library');
  const file = await npm(temporary, ['pack', packed, '--silent', '--pack-destination', temporary]);
  const folder = await emptyProject(temporary, 'project');
  const { dependencies, engines } = await readJson(join(packed, 'package.json'));
  // The versions of this project, out of the allowed ranges: a new release of a dependency must not fail the tests.
  const versions = await readJson(join(ROOT, 'package.json'));
  const pinned = Object.keys(dependencies).map((name) => `${name}@${versions.dependencies[name]}`);
  const types = `@types/node@${versions.devDependencies['@types/node']}`;
  const lowest = engines.node.replace('>=', '');
  const runtime = await emptyProject(temporary, 'runtime');
  const runtimePackage = `node-${process.platform}-${process.arch}`;
  await Promise.all([
    npm(folder, ['install', join(temporary, file), ...pinned, types]),
    npm(runtime, ['install', `${runtimePackage}@${lowest}`]),
  ]);
  return {
    folder,
    library: join(folder, 'node_modules', 'roundhouse'),
    nodes: [
      { version: `v${lowest}`, path: join(runtime, 'node_modules', runtimePackage, 'bin', 'node') },
      { version: process.version, path: process.execPath },
    ],
    compile: (sources, options) => compile(folder, sources, options),
    [Symbol.asyncDispose]: remove,
  };
}

async function compile(
  folder: string,
  sources: ReadonlyMap<string, string>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await mkdir(join(folder, 'src'), { recursive: true });
  for (const [name, source] of sources) await writeFile(join(folder, 'src', `${name}.ts`), source);
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    rootDir: 'src',
    outDir: 'out',
    ...options,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  try {
    await run(process.execPath, [compiler, '-p', folder], { cwd: folder, timeout: TIMEOUT_MS });
  } catch (error) {
    // The compiler prints its messages to standard output.
    throw new Error((error as { stdout?: string }).stdout || String(error));
  }
}

/** Runs npm without the variables that describe this project, which npm sets if it runs the tests. */
function npm(cwd: string, args: readonly string[]): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name),
    ),
  );
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  // Tests may be skipped here, so an unreachable registry needs no retries.
  const retries = underCi() ? [] : ['--fetch-retries=0'];
  return run('npm', [...args, ...quiet, ...retries], { cwd, env, timeout: TIMEOUT_MS });
}

async function emptyProject(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  return folder;
}

async function readJson(path: string) {
  return JSON.parse(await readFile(path, 'utf8'));
}
