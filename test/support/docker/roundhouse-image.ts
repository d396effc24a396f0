import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.ts';
import { findProgram } from '../system-packages.ts';
import { waitUntil } from '../wait-until.ts';
import { docker } from './docker-programs.ts';
import { importImage, sharedLibraries } from './import-image.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const NAME = 'roundhouse-test';
const BUILD_TIMEOUT_MS = 4 * 60_000;

/** Returns the base images of the Dockerfile. */
export function baseImages(): string[] {
  const text = readFileSync(join(PROJECT, 'Dockerfile'), 'utf8');
  return [...new Set([...text.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]!))];
}

/**
 * Builds the project's Dockerfile in the daemon at `socket`, with a substitute for its public base image.
 * @returns the image's name
 */
export async function roundhouseImage(socket: string): Promise<string> {
  // Two builds at the same time would not use each other's layers. The second of two in a row takes a second.
  const lock = join(dirname(socket), 'image-build.lock');
  const isLocked = () => mkdir(lock).then(() => true);
  await waitUntil('no other test file builds the image', isLocked, BUILD_TIMEOUT_MS);
  try {
    for (const base of baseImages()) {
      const existing = await docker(socket, 'images', '--quiet', base);
      if (existing === '') await importBase(socket, base);
    }
    await docker(socket, 'build', '--network', 'host', '--tag', NAME, PROJECT);
  } finally {
    await rmdir(lock);
  }
  return NAME;
}

/**
 * Creates the substitute for the base image: Node.js, npm, the libraries that Vite links to, a shell and the user `node`.
 * npm gets the settings and certificates of this machine, which may use a proxy or a mirror of the registry.
 */
async function importBase(socket: string, tag: string): Promise<void> {
  const npm = dirname(dirname(realpathSync(findProgram('npm')!)));
  const settings = await npmSettings();
  const certificates = [process.env.NODE_EXTRA_CA_CERTS ?? '', settings.cafile ?? ''].filter(existsSync);
  await importImage(socket, tag, {
    files: {
      ...(await sharedLibraries(process.execPath)),
      ...(await sharedLibraries(viteNativeModule())),
      '/usr/local/bin/node': process.execPath,
      '/usr/local/lib/node_modules/npm': npm,
      ...Object.fromEntries(certificates.map((path) => [path, path])),
    },
    texts: {
      '/usr/local/bin/npm': '#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/npm-cli.js "$@"\n',
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
      '/etc/group': 'root:x:0:\nnode:x:1000:\n',
      '/root/.npmrc': Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    },
    changes: [
      'ENV PATH=/usr/local/bin:/usr/bin:/bin',
      ...(certificates[0] ? [`ENV NODE_EXTRA_CA_CERTS=${certificates[0]}`] : []),
    ],
  });
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
