import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.ts';
import { findOrInstall, findProgram, SEARCH_PATH } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';
import { docker } from './docker-programs.ts';
import { addFiles, importFolder, importImage, sharedLibraries } from './import-image.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const NAME = 'roundhouse-test';
const BUILD_TIMEOUT_MS = 4 * 60_000;

/** Returns the base images of the Dockerfile. */
export function baseImages(): string[] {
  const text = readFileSync(join(PROJECT, 'Dockerfile'), 'utf8');
  const stages = [...text.matchAll(/^FROM (\S+)(?: AS (\S+))?/gm)];
  const names = stages.map(([, , name]) => name);
  return [...new Set(stages.map(([, base]) => base!).filter((base) => !names.includes(base)))];
}

/**
 * Builds the project's Dockerfile in the daemon at `socket`, with a substitute for its public base image.
 * @returns the image's name
 */
export async function roundhouseImage(socket: string): Promise<string> {
  return await whileLocked(socket, async () => {
    for (const base of baseImages()) {
      const existing = await docker(socket, 'images', '--quiet', base);
      if (existing === '') await importBase(socket, base);
    }
    // Without BuildKit, the default target would build the stage with Chromium too.
    await docker(socket, 'build', '--network', 'host', '--target', 'service', '--tag', NAME, PROJECT);
    return NAME;
  });
}

/**
 * Builds the target `browser` of the project's Dockerfile in the daemon at `socket`. The substitute for its base image is
 * Debian, whose packages are installed from the mirrors of this machine.
 * @returns the image's name
 */
export async function browserImage(socket: string): Promise<string> {
  const name = `${NAME}-browser`;
  return await whileLocked(socket, async () => {
    const [base, ...others] = baseImages();
    if (base === undefined || others.length > 0) throw new Error('the Dockerfile has not exactly one base');
    const existing = await docker(socket, 'images', '--quiet', base);
    await importDebian(socket, base);
    try {
      await docker(socket, 'build', '--network', 'host', '--target', 'browser', '--tag', name, PROJECT);
    } finally {
      // Other tests need the smaller substitute.
      if (existing === '') await docker(socket, 'rmi', '--no-prune', base);
      else await docker(socket, 'tag', existing, base);
    }
    return name;
  });
}

/** Two builds at the same time would not use each other's layers. The second of two in a row takes a second. */
async function whileLocked<T>(socket: string, build: () => Promise<T>): Promise<T> {
  const lock = join(dirname(socket), 'image-build.lock');
  const isLocked = () => mkdir(lock).then(() => true);
  await waitUntil('no other test file builds the image', isLocked, BUILD_TIMEOUT_MS);
  try {
    return await build();
  } finally {
    await rmdir(lock);
  }
}

/**
 * Creates the substitute for the base image: Node.js, npm, the libraries that Vite links to, a shell and the user `node`.
 * npm gets the settings and certificates of this machine, which may use a proxy or a mirror of the registry.
 */
async function importBase(socket: string, tag: string): Promise<void> {
  const { files, texts, changes } = await nodeAndNpm();
  await importImage(socket, tag, {
    files: {
      ...(await sharedLibraries(process.execPath)),
      ...(await sharedLibraries(viteNativeModule())),
      ...files,
    },
    texts: {
      ...texts,
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
      '/etc/group': 'root:x:0:\nnode:x:1000:\n',
    },
    changes,
  });
}

/** Creates a substitute for the base image from Debian's packages. */
async function importDebian(socket: string, tag: string): Promise<void> {
  const debootstrap = await findOrInstall({ debootstrap: 'debootstrap' });
  if ('missing' in debootstrap) throw new Error(debootstrap.missing);
  const root = await mkdtemp(join(tmpdir(), 'roundhouse-debian-'));
  try {
    const options = ['--variant=minbase', '--include=ca-certificates', 'bookworm', root];
    await run(debootstrap.paths.debootstrap, options, { env: { ...process.env, PATH: SEARCH_PATH } });
    // Chromium is among the security updates.
    await cp('/etc/apt/sources.list.d/debian.sources', join(root, 'etc/apt/sources.list.d/debian.sources'));
    await rm(join(root, 'etc/apt/sources.list'));
    await writeFile(join(root, 'etc/apt/apt.conf.d/99machine'), await run('apt-config', ['dump', 'Acquire']));
    const spec = await nodeAndNpm();
    await addFiles(root, spec);
    await importFolder(socket, tag, root, spec.changes);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Node.js and npm of this machine, with the settings of npm. */
async function nodeAndNpm() {
  const npm = dirname(dirname(realpathSync(findProgram('npm')!)));
  const settings = await npmSettings();
  const certificates = [process.env.NODE_EXTRA_CA_CERTS ?? '', settings.cafile ?? ''].filter(existsSync);
  return {
    files: {
      '/usr/local/bin/node': process.execPath,
      '/usr/local/lib/node_modules/npm': npm,
      ...Object.fromEntries(certificates.map((path) => [path, path])),
    },
    texts: {
      '/usr/local/bin/npm': '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
      '/root/.npmrc': Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    },
    changes: [
      'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...(certificates[0] ? [`ENV NODE_EXTRA_CA_CERTS=${certificates[0]}`] : []),
    ],
  };
}

/** Returns the path of Vite's native module. */
function viteNativeModule(): string {
  const [path] = globSync(join(PROJECT, `node_modules/@rolldown/binding-linux-${process.arch}-gnu/*.node`));
  if (path === undefined) throw new Error('the native module of Vite was not found');
  return path;
}

/** Returns the settings with which npm reaches its registry on this machine. */
async function npmSettings(): Promise<Record<string, string>> {
  const all = JSON.parse(await run('npm', ['config', 'list', '--json'], { cwd: PROJECT }));
  const names = ['registry', 'cafile', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl'];
  return Object.fromEntries(names.filter((name) => all[name]).map((name) => [name, String(all[name])]));
}
