import { MAX_CHUNK_SIZE } from './chunker.ts';
import type { ChunkLocation, Manifest, ManifestFile, PackInfo } from './manifest.ts';

/** Largest decompressed pack, in bytes. It bounds the memory that a pack takes, whoever wrote it. */
export const MAX_PACK_SIZE = 16 * 1024 * 1024;

const MAX_FILES = 1_000_000;
const MAX_PATH_LENGTH = 1024;
const REASONS = ['commit', 'takeover', 'rollback', 'fork', 'import', 'deleted', 'trimmed'];
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Checks a manifest from storage: that files stay in the folder of the mount, that all sizes agree, and that nothing
 * takes more memory or disk than it says.
 * @throws Error that says what is wrong
 */
export function validateManifest(
  value: unknown,
  limits: { maxProfileBytes: number },
): asserts value is Manifest {
  const manifest = record(value);
  for (const name of ['version', 'parent', 'fence', 'contentVersion']) count(manifest[name], name);
  for (const name of ['user', 'session', 'id', 'parentId', 'createdAt']) text(manifest[name], name);
  if (!REASONS.includes(manifest.reason as string)) throw new Error('unknown reason');
  if (manifest.browserVersion !== undefined) text(manifest.browserVersion, 'browserVersion');
  if (manifest.restoredCheckpoint !== undefined) text(manifest.restoredCheckpoint, 'restoredCheckpoint');
  if (manifest.sidecar !== undefined) record(manifest.sidecar);
  for (const path of list(manifest.omitted, MAX_FILES)) text(path, 'omitted');
  const packs = list(manifest.packs, MAX_FILES).map(checkPack);
  const chunks = list(manifest.chunks, Number.MAX_SAFE_INTEGER).map((chunk) => checkChunk(chunk, packs));
  const files = list(manifest.files, MAX_FILES).map((file) => checkFile(file, chunks));
  checkPaths(files);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > limits.maxProfileBytes)
    throw new Error(
      `the files have ${total} bytes; the limit (maxProfileBytes) is ${limits.maxProfileBytes}`,
    );
}

function checkPack(value: unknown): PackInfo {
  const { name, size, rawSize, version } = record(value);
  if (!SHA256.test(text(name, 'name of a pack'))) throw new Error('the name of a pack is not a SHA-256');
  count(size, 'size of a pack', 2 * MAX_PACK_SIZE);
  count(rawSize, 'size of a pack', MAX_PACK_SIZE);
  count(version, 'version of a pack');
  return value as PackInfo;
}

function checkChunk(value: unknown, packs: readonly PackInfo[]): ChunkLocation {
  const { hash, pack, offset, length } = record(value);
  if (!SHA256.test(text(hash, 'hash of a chunk'))) throw new Error('the hash of a chunk is not a SHA-256');
  const { rawSize } = packs[count(pack, 'pack of a chunk')] ?? { rawSize: -1 };
  const end = count(offset, 'offset of a chunk') + count(length, 'length of a chunk', MAX_CHUNK_SIZE);
  if (end > rawSize) throw new Error('a chunk is not within its pack');
  return value as ChunkLocation;
}

function checkFile(value: unknown, chunks: readonly ChunkLocation[]): ManifestFile {
  const { path, size, mode, chunks: indexes } = record(value);
  checkPath(text(path, 'path'));
  count(mode, 'mode', 0o777);
  let sum = 0;
  for (const index of list(indexes, Number.MAX_SAFE_INTEGER)) {
    const chunk = chunks[count(index, 'index of a chunk')];
    if (!chunk) throw new Error(`${path} refers to a chunk that does not exist`);
    sum += chunk.length;
  }
  if (count(size, 'size') !== sum) throw new Error(`the size of ${path} is not that of its chunks`);
  return value as ManifestFile;
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const escapes = parts.some((part) => part === '' || part === '.' || part === '..');
  if (escapes || /[\\\0]/.test(path) || path.length > MAX_PATH_LENGTH)
    throw new Error(`unsafe path ${JSON.stringify(path.slice(0, 200))}`);
}

/** A file must not be the folder of another one, and each path occurs once. */
function checkPaths(files: readonly ManifestFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  if (paths.size !== files.length) throw new Error('a path occurs twice');
  for (const path of paths) {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      if (paths.has(path.slice(0, end))) throw new Error(`${path.slice(0, end)} is a file and a folder`);
    }
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('an object is missing');
  return value as Record<string, unknown>;
}

function list(value: unknown, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw new Error('a list is missing or too long');
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is not a string`);
  return value;
}

function count(value: unknown, what: string, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max)
    throw new Error(`${what} is not a number from 0 to ${max}`);
  return value as number;
}
