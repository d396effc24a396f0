import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/run.ts';
import { underCi } from '../support/system-packages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEADLINE_MS = 240_000;
const NO_REGISTRY =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;

/** An otherwise empty project that has installed the packed library from its file. */
export interface PackedProject extends AsyncDisposable {
  readonly folder: string;
  /** The installed package. */
  readonly library: string;
  /** The lowest Node that the library says it runs on, and the one that runs the tests. */
  readonly nodes: readonly { readonly version: string; readonly path: string }[];
  /**
   * Compiles files of the project, given by name and source, into `out/`.
   * @throws Error with what the compiler says
   */
  compile(sources: ReadonlyMap<string, string>, options?: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Builds, packs and installs the library. Where the registry cannot be reached the answer is the line that
 * says so; under continuous integration that is an error.
 */
export async function packLibrary(): Promise<PackedProject | { missing: string }> {
  const temporary = await mkdtemp(join(tmpdir(), 'roundhouse-library-'));
  const remove = () => rm(temporary, { recursive: true, force: true });
  try {
    return await install(temporary, remove);
  } catch (error) {
    await remove();
    if (underCi() || !NO_REGISTRY.test(String(error))) throw error;
    return { missing: 'the packed library is tested where the package registry can be reached' };
  }
}

async function install(temporary: string, remove: () => Promise<void>): Promise<PackedProject> {
  await run(process.execPath, ['scripts/build-library.ts'], { cwd: ROOT, timeout: DEADLINE_MS });
  const packed = join(ROOT, 'dist', 'library');
  const file = await npm(temporary, ['pack', packed, '--silent', '--pack-destination', temporary]);
  const folder = await emptyProject(temporary, 'project');
  const { dependencies } = await readJson(join(packed, 'package.json'));
  // Of the versions that the package allows those of the project: a release of others must fail no test here.
  const versions = await readJson(join(ROOT, 'package.json'));
  const pinned = Object.keys(dependencies).map((name) => `${name}@${versions.dependencies[name]}`);
  const types = `@types/node@${versions.devDependencies['@types/node']}`;
  await npm(folder, ['install', join(temporary, file), ...pinned, types]);
  const library = join(folder, 'node_modules', 'roundhouse');
  const { engines } = await readJson(join(library, 'package.json'));
  const floor = engines.node.replace('>=', '');
  const runtime = await emptyProject(temporary, 'runtime');
  const runtimePackage = `node-${process.platform}-${process.arch}`;
  await npm(runtime, ['install', `${runtimePackage}@${floor}`]);
  return {
    folder,
    library,
    nodes: [
      { version: `v${floor}`, path: join(runtime, 'node_modules', runtimePackage, 'bin', 'node') },
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
    await run(process.execPath, [compiler, '-p', folder], { cwd: folder, timeout: DEADLINE_MS });
  } catch (error) {
    // The compiler tells its findings on standard output.
    throw new Error((error as { stdout?: string }).stdout || String(error));
  }
}

/** Without what an npm that runs the tests tells its scripts of this project. */
function npm(cwd: string, args: readonly string[]): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name),
    ),
  );
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  // Where tests may be left out, a registry that is not there is found out at once.
  const retries = underCi() ? [] : ['--fetch-retries=0'];
  return run('npm', [...args, ...quiet, ...retries], { cwd, env, timeout: DEADLINE_MS });
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
