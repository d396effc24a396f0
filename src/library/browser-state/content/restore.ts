import { mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { TimeSlice } from '../../util/time-slice.ts';
import { CorruptObjectError } from '../errors.ts';
import { sha256 } from './hash.ts';
import type { ChunkLocation, Manifest, ManifestFile, PackInfo } from './manifest.ts';

/** Packs in memory at the same time. Each read takes a round trip, and a profile has up to 16 packs, most of them small. */
const LARGE_PACKS_AT_ONCE = 4;
const SMALL_PACKS_AT_ONCE = 8;
const SMALL_PACK_BYTES = 1024 * 1024;
/** Large files that are written at the same time. */
const OPEN_FILES = 8;

/**
 * Small files are written synchronously, in slices: on a local disk a call through the thread pool takes the main
 * thread longer than the call itself.
 */
const SLICE_MS = 4;

/** Successive bytes of a pack that belong to one place of a file. */
interface Part {
  readonly offset: number;
  length: number;
  readonly position: number;
}

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
  const [large, small] = [pLimit(LARGE_PACKS_AT_ONCE), pLimit(SMALL_PACKS_AT_ONCE)];
  const created = createFolders(folder, manifest.files).then(() => createFiles(folder, manifest.files));
  let failed = false;
  const write = async (pack: PackInfo, targets: readonly Target[]) => {
    if (failed) return;
    try {
      const bytes = await readPack(pack);
      verifyChunks(pack, bytes, targets);
      await created;
      await writeTargets(folder, bytes, targets);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const writes = [...groupByPack(manifest)].map(([index, targets]) => {
    const pack = manifest.packs[index]!;
    return (pack.rawSize > SMALL_PACK_BYTES ? large : small)(() => write(pack, targets));
  });
  await allEnded([created, ...writes]);
}

/** Waits for all, also if one fails: the folder is removed after an error, and nothing may still write to it. */
async function allEnded(running: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(running)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

async function createFolders(folder: string, files: readonly ManifestFile[]): Promise<void> {
  const slice = new TimeSlice(SLICE_MS);
  for (const path of new Set(files.map((file) => dirname(file.path)))) {
    mkdirSync(join(folder, path), { recursive: true, mode: 0o700 });
    if (slice.isOver) await slice.next();
  }
}

/** Files of one chunk are created when it is written. The others are created first, as several packs write to them. */
async function createFiles(folder: string, files: readonly ManifestFile[]): Promise<void> {
  const slice = new TimeSlice(SLICE_MS);
  for (const { path, mode, chunks } of files) {
    if (chunks.length === 1) continue;
    writeFileSync(join(folder, path), '', { flag: 'wx', mode });
    if (slice.isOver) await slice.next();
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
  const slice = new TimeSlice(SLICE_MS);
  const parts = new Map<ManifestFile, Part[]>();
  for (const { file, chunk, position } of targets) {
    if (file.chunks.length === 1) {
      writeFileSync(join(folder, file.path), bytesOf(chunk, bytes), { flag: 'wx', mode: file.mode });
      if (slice.isOver) await slice.next();
    } else {
      const ofFile = parts.get(file) ?? [];
      parts.set(file, ofFile);
      addPart(ofFile, { offset: chunk.offset, length: chunk.length, position });
    }
  }
  const limit = pLimit(OPEN_FILES);
  const writes = [...parts].map(([file, ofFile]) =>
    limit(() => writeParts(join(folder, file.path), bytes, ofFile)),
  );
  await allEnded(writes);
}

async function writeParts(path: string, bytes: Uint8Array, parts: readonly Part[]): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    for (const part of parts) await writeFully(handle, bytesOf(part, bytes), part.position);
  } finally {
    await handle.close();
  }
}

/** Adds a part of a file, or extends the last one if it continues it in the pack and in the file. */
function addPart(parts: Part[], next: Part): void {
  const last = parts.at(-1);
  const continues =
    last && last.offset + last.length === next.offset && last.position + last.length === next.position;
  if (continues) last.length += next.length;
  else parts.push(next);
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

function bytesOf({ offset, length }: Pick<ChunkLocation, 'offset' | 'length'>, pack: Uint8Array): Uint8Array {
  return pack.subarray(offset, offset + length);
}
