import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { docker } from './docker-programs.ts';
import { busyboxPath, type ImageSpec, importImage, sharedLibraries } from './import-image.ts';

const EMULATED_ENGINE = fileURLToPath(
  new URL('../../../src/service/runtimes/process/emulated-engine.cts', import.meta.url),
);

/**
 * Creates the image of the emulated engine in the daemon at `socket`: the engine program and the Node.js that runs the
 * tests. It reads its arguments from CONF or ACESTREAM_ARGS, as the images of the presets do, or from the command after
 * `node /engine/emulated-engine.cts`.
 * @param preload a module that is loaded before the engine program
 * @returns the image's name, which depends on its contents
 */
export async function engineImage(socket: string, preload?: string): Promise<string> {
  return await imageByContent(socket, 'roundhouse-test-engine', {
    files: {
      ...(await sharedLibraries(process.execPath)),
      '/usr/local/bin/node': process.execPath,
      '/engine/emulated-engine.cts': EMULATED_ENGINE,
      ...(preload === undefined ? {} : { '/engine/preload.ts': preload }),
    },
    texts: { '/engine/package.json': '{"type":"module"}' },
    changes: [
      'ENV PATH=/usr/local/bin:/bin',
      ...(preload === undefined ? [] : ['ENV NODE_OPTIONS=--import=/engine/preload.ts']),
      'CMD ["sh", "-c", "exec node /engine/emulated-engine.cts $CONF $ACESTREAM_ARGS"]',
    ],
  });
}

/**
 * Creates an image of 2 MB with only busybox, for many containers at once. Its containers sleep until they are stopped.
 * @returns the image's name in the daemon at `socket`
 */
export async function busyboxImage(socket: string): Promise<string> {
  return await imageByContent(socket, 'roundhouse-test-busybox', {
    files: {},
    changes: [`CMD ["sh", "-c", "trap 'exit 0' TERM; sleep 86400 & wait"]`],
  });
}

/** Creates an image unless the daemon has one with the same contents. */
async function imageByContent(socket: string, name: string, spec: ImageSpec): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(spec));
  for (const path of [busyboxPath(), ...Object.values(spec.files)]) hash.update(await readFile(path));
  const tag = `${name}:${hash.digest('hex').slice(0, 12)}`;
  const present = await docker(socket, 'images', '--quiet', tag);
  if (present === '') await importImage(socket, tag, spec);
  return tag;
}
