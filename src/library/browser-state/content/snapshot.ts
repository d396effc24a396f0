import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { TimeSlice } from '../../util/time-slice.ts';
import { BrowserStateError } from '../errors.ts';
import { chunkLength, MAX_CHUNK_SIZE } from './chunker.ts';
import { isExcluded } from './exclude.ts';
import { sha256 } from './hash.ts';

const OPEN_FILES = 8;
const READ_SIZE = 1024 * 1024;
/** Small files are read synchronously, in slices, as they are written: see restore.ts. */
const SLICE_MS = 4;

/** A part of a file. */
export interface Chunk {
  /** SHA-256 of its bytes. */
  readonly hash: string;
  /** Its length in bytes. */
  readonly length: number;
}

/** A file of a profile. */
export interface ProfileFile {
  /** Path in the profile, with "/". */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Permission bits: 0o600 or 0o700. A profile is private, and the bits must not depend on the host's umask. */
  readonly mode: number;
  /** Its content, in order. */
  readonly chunks: readonly Chunk[];
}

/** The content of a folder at one time. */
export interface Snapshot {
  /** All regular files, in order of their paths. */
  readonly files: readonly ProfileFile[];
  /** Files and folders that were left out: excluded ones, links, sockets. */
  readonly omitted: readonly string[];
}

/**
 * Reads a folder and computes the chunks of its files. Memory does not grow with their size.
 * @throws BrowserStateError `PROFILE_CHANGED` if a file changes meanwhile
 */
export async function takeSnapshot(folder: string, exclude: readonly string[]): Promise<Snapshot> {
  const paths: string[] = [];
  const omitted: string[] = [];
  await walk(folder, '', exclude, paths, omitted);
  const files = new Map<string, ProfileFile>();
  const large: string[] = [];
  const slice = new TimeSlice(SLICE_MS);
  for (const path of paths.sort()) {
    const small = describeSmallFile(folder, path);
    if (small) files.set(path, small);
    else large.push(path);
    if (slice.isOver) await slice.next();
  }
  const limit = pLimit(OPEN_FILES);
  const described = await Promise.all(large.map((path) => limit(() => describeFile(folder, path))));
  for (const file of described) files.set(file.path, file);
  return { files: paths.map((path) => files.get(path)!), omitted: omitted.sort() };
}

/** Describes a file of up to one chunk. @returns undefined if it is larger */
function describeSmallFile(folder: string, path: string): ProfileFile | undefined {
  let file: number;
  try {
    file = openSync(join(folder, path), 'r');
  } catch (error) {
    throw changedIfMissing(error, path);
  }
  try {
    const { size, mode } = fstatSync(file);
    if (size > MAX_CHUNK_SIZE) return undefined;
    // One byte more, to notice that the file grows.
    const buffer = Buffer.allocUnsafe(size + 1);
    const read = readSync(file, buffer, 0, size + 1, 0);
    if (read !== size) throw changed(path);
    const bytes = buffer.subarray(0, size);
    const chunks = size === 0 ? [] : [{ hash: sha256(bytes), length: size }];
    return { path, size, mode: modeOf(mode), chunks };
  } finally {
    closeSync(file);
  }
}

function modeOf(mode: number): number {
  return mode & 0o100 ? 0o700 : 0o600;
}

async function walk(
  root: string,
  parent: string,
  exclude: readonly string[],
  paths: string[],
  omitted: string[],
) {
  for (const entry of await readdir(join(root, parent), { withFileTypes: true })) {
    const path = parent === '' ? entry.name : `${parent}/${entry.name}`;
    if (isExcluded(path, exclude)) omitted.push(path);
    else if (entry.isDirectory()) await walk(root, path, exclude, paths, omitted);
    else if (entry.isFile()) paths.push(path);
    else omitted.push(path);
  }
}

async function describeFile(folder: string, path: string): Promise<ProfileFile> {
  const file = await openFile(folder, path);
  try {
    const { size, mode } = await file.stat();
    const chunks: Chunk[] = [];
    for await (const bytes of cut(file, size)) chunks.push({ hash: sha256(bytes), length: bytes.length });
    const read = chunks.reduce((sum, { length }) => sum + length, 0);
    if (read !== size) throw changed(path);
    return { path, size, mode: modeOf(mode), chunks };
  } finally {
    await file.close();
  }
}

/** Yields the chunks of a file. Each is valid until the next is requested. */
async function* cut(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  const buffer = Buffer.allocUnsafe(Math.min(size + 1, READ_SIZE));
  let filled = 0;
  for (let atEnd = false; !atEnd; ) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
    filled += bytesRead;
    atEnd = bytesRead === 0;
    if (!atEnd && filled < buffer.length) continue;
    let start = 0;
    while (filled - start >= (atEnd ? 1 : MAX_CHUNK_SIZE)) {
      const rest = buffer.subarray(start, filled);
      const length = size <= MAX_CHUNK_SIZE ? rest.length : chunkLength(rest, atEnd);
      yield rest.subarray(0, length);
      start += length;
    }
    buffer.copy(buffer, 0, start, filled);
    filled -= start;
  }
}

/**
 * Reads the chunks of a file that are wanted.
 * @throws BrowserStateError `PROFILE_CHANGED` if the content is no longer that of the snapshot
 */
export async function* readChunks(
  folder: string,
  { path, chunks }: ProfileFile,
  isWanted: (chunk: Chunk) => boolean,
): AsyncGenerator<{ chunk: Chunk; bytes: Uint8Array }> {
  const file = await openFile(folder, path);
  try {
    let offset = 0;
    for (const chunk of chunks) {
      if (isWanted(chunk)) {
        const bytes = Buffer.allocUnsafe(chunk.length);
        const { bytesRead } = await file.read(bytes, 0, chunk.length, offset);
        if (bytesRead !== chunk.length || sha256(bytes) !== chunk.hash) throw changed(path);
        yield { chunk, bytes };
      }
      offset += chunk.length;
    }
  } finally {
    await file.close();
  }
}

async function openFile(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(join(folder, path), 'r');
  } catch (error) {
    throw changedIfMissing(error, path);
  }
}

function changedIfMissing(error: unknown, path: string): unknown {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? changed(path) : error;
}

function changed(path: string): BrowserStateError {
  return new BrowserStateError(
    'PROFILE_CHANGED',
    `${path} changed while the profile was read: close the browser before the commit`,
  );
}
