import { chmod, copyFile, cp, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../run.ts';
import { findProgram } from '../system-packages.ts';
import { docker } from './docker-programs.ts';

/** The root file system and the configuration of an image. */
export interface ImageSpec {
  /** Files and folders of this machine, by their path in the image. */
  files: Record<string, string>;
  /** Contents of executable files, by their path in the image. */
  texts?: Record<string, string>;
  /** Dockerfile instructions, such as `CMD ["sh"]`. */
  changes?: readonly string[];
}

/** Creates an image in the daemon at `socket` from the given files and busybox. */
export async function importImage(socket: string, tag: string, spec: ImageSpec): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'roundhouse-image-'));
  try {
    const root = join(work, 'root');
    await mkdir(root);
    await linkFiles(root, spec);
    await addBusybox(root);
    // -h replaces symbolic links by the files they point to. busybox's hard links remain links.
    await importFolder(socket, tag, root, spec.changes, ['-h', '--owner=0', '--group=0']);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Creates an image in the daemon at `socket` from a folder. */
export async function importFolder(
  socket: string,
  tag: string,
  root: string,
  changes: readonly string[] = [],
  tarOptions: readonly string[] = [],
): Promise<void> {
  const archive = `${root}.tar`;
  try {
    await run('tar', ['-c', ...tarOptions, '-f', archive, '-C', root, '.']);
    const options = changes.flatMap((change) => ['--change', change]);
    await docker(socket, 'import', ...options, archive, tag);
  } finally {
    await rm(archive, { force: true });
  }
}

/** Returns the shared libraries of a program as `ImageSpec.files`, at the paths where the program loads them. */
export async function sharedLibraries(program: string): Promise<Record<string, string>> {
  const listing = await run('ldd', [program]);
  const paths = [...listing.matchAll(/(?:^|=>)\s*(\/\S+) \(0x/gm)].map((match) => match[1]!);
  return Object.fromEntries(paths.map((path) => [path, path]));
}

/** Returns the path of the busybox that is added to images. */
export function busyboxPath(): string {
  const path = findProgram('busybox');
  if (path === null) throw new Error('busybox not found');
  return path;
}

async function linkFiles(root: string, { files, texts = {} }: ImageSpec): Promise<void> {
  for (const [path, source] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await symlink(source, join(root, path));
  }
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), text);
    await chmod(join(root, path), 0o755);
  }
}

/** Copies the files of an image to its root folder. */
export async function addFiles(root: string, { files, texts = {} }: ImageSpec): Promise<void> {
  await Promise.all(
    Object.entries(files).map(([path, source]) =>
      cp(source, join(root, path), { recursive: true, dereference: true }),
    ),
  );
  await linkFiles(root, { files: {}, texts });
}

async function addBusybox(root: string): Promise<void> {
  for (const folder of ['bin', 'tmp', 'usr/bin']) await mkdir(join(root, folder), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  const busybox = join(root, 'bin/busybox');
  await copyFile(busyboxPath(), busybox);
  const applets = (await run(busybox, ['--list'])).split('\n').filter((name) => name !== 'busybox');
  for (const name of applets) await link(busybox, join(root, 'bin', name));
  // For the shebang lines of scripts.
  await link(busybox, join(root, 'usr/bin/env'));
}
