import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { CorruptObjectError } from '../errors.ts';
import { sha256 } from './hash.ts';
import type { ChunkLocation, Manifest, ManifestFile, PackInfo } from './manifest.ts';

/** Packs in memory at the same time. */
const PACKS_AT_ONCE = 4;

/** Where the bytes of a chunk belong. */
interface Target {
  readonly chunk: ChunkLocation;
  readonly file: ManifestFile;
  readonly position: number;
}

/**
 * Writes the files of a version to an empty folder. Every chunk is verified before it is written.
 * @param readPack reads a pack and decompresses it
 * @throws CorruptObjectError if a pack does not contain what the manifest says
 */
export async function restoreFiles(
  folder: string,
  manifest: Manifest,
  readPack: (pack: PackInfo) => Promise<Uint8Array>,
): Promise<void> {
  const limit = pLimit(PACKS_AT_ONCE);
  await createFolders(folder, manifest.files);
  await createFiles(folder, manifest.files);
  const targets = groupByPack(manifest);
  const writes = [...targets].map(([index, ofPack]) =>
    limit(async () => {
      const pack = manifest.packs[index]!;
      const bytes = await readPack(pack);
      verifyChunks(pack, bytes, ofPack);
      await writeTargets(folder, bytes, ofPack);
    }),
  );
  await Promise.all(writes).finally(() => limit.clearQueue());
}

async function createFolders(folder: string, files: readonly ManifestFile[]): Promise<void> {
  const folders = new Set(files.map(({ path }) => dirname(path)).filter((path) => path !== '.'));
  for (const path of folders) await mkdir(join(folder, path), { recursive: true, mode: 0o700 });
}

/** Files of one chunk are created when it is written. The others are created first, as several packs write to them. */
async function createFiles(folder: string, files: readonly ManifestFile[]): Promise<void> {
  for (const { path, mode, chunks } of files) {
    if (chunks.length !== 1) await writeFile(join(folder, path), '', { flag: 'wx', mode });
  }
}

function groupByPack({ files, chunks }: Manifest): Map<number, Target[]> {
  const groups = new Map<number, Target[]>();
  for (const file of files) {
    let position = 0;
    for (const index of file.chunks) {
      const chunk = chunks[index]!;
      const group = groups.get(chunk.pack) ?? [];
      group.push({ chunk, file, position });
      groups.set(chunk.pack, group);
      position += chunk.length;
    }
  }
  return groups;
}

function verifyChunks(pack: PackInfo, bytes: Uint8Array, targets: readonly Target[]): void {
  const verified = new Set<ChunkLocation>();
  for (const { chunk, file } of targets) {
    if (verified.has(chunk)) continue;
    if (sha256(bytesOf(chunk, bytes)) !== chunk.hash)
      throw new CorruptObjectError(pack.name, `the pack does not contain the content of ${file.path}`);
    verified.add(chunk);
  }
}

async function writeTargets(folder: string, bytes: Uint8Array, targets: readonly Target[]): Promise<void> {
  const parts = new Map<ManifestFile, Target[]>();
  for (const target of targets) {
    const { file, chunk } = target;
    if (file.chunks.length === 1) {
      await writeFile(join(folder, file.path), bytesOf(chunk, bytes), { flag: 'wx', mode: file.mode });
    } else {
      const ofFile = parts.get(file);
      if (ofFile) ofFile.push(target);
      else parts.set(file, [target]);
    }
  }
  for (const [file, ofFile] of parts) {
    const handle = await open(join(folder, file.path), 'r+');
    try {
      for (const { chunk, position } of ofFile) await writeFully(handle, bytesOf(chunk, bytes), position);
    } finally {
      await handle.close();
    }
  }
}

async function writeFully(
  handle: {
    write: (
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => Promise<{ bytesWritten: number }>;
  },
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

function bytesOf({ offset, length }: ChunkLocation, pack: Uint8Array): Uint8Array {
  return pack.subarray(offset, offset + length);
}
