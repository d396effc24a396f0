import { randomBytes } from 'node:crypto';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from './config.ts';
import { ensureFolder } from './data-folder.ts';
import { API_KEY_PATTERN } from './settings.ts';

/** The longest key, with whitespace around it. */
const MAX_FILE_BYTES = 1024;
const READ_ATTEMPTS = 10;
const RETRY_DELAY_MS = 20;
/** The bits that let others than the owner read or write a file. */
const OTHERS = 0o077;

/** The API key, and where it comes from. */
export interface ApiKey {
  key: string;
  /** Where an operator finds the key, for the startup log. Contains a generated key, but no other. */
  location: string;
}

/**
 * Returns the configured key or the one in `api-key` in the data folder, which is generated at the first start.
 * @param configured the value of API_KEY, or null
 * @throws ConfigError if the file cannot be used
 */
export async function loadApiKey(configured: string | null, dataDir: string): Promise<ApiKey> {
  if (configured !== null) return { key: configured, location: 'set by API_KEY' };
  const path = join(dataDir, 'api-key');
  const generated = randomBytes(24).toString('base64url');
  const created = { key: generated, location: `${generated} (generated, stored in ${path})` };
  // "wx" fails if the file exists, so two services that start at the same time use the same key.
  if (await store(generated, dataDir, path, 'wx')) return created;
  const stored = await readStored(path);
  if (stored !== null) return { key: stored, location: `stored in ${path}` };
  // A first start has ended before the key was written: it was killed, or the disk was full.
  await store(generated, dataDir, path, 'w');
  return created;
}

/** @returns false if the file exists and the flag does not permit to replace it */
async function store(key: string, dataDir: string, path: string, flag: 'w' | 'wx'): Promise<boolean> {
  try {
    ensureFolder(dataDir);
    await writeFile(path, `${key}\n`, { mode: 0o600, flag });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unusableFile('store', path, error);
  }
}

/** @returns null if the file has no bytes */
async function readStored(path: string): Promise<string | null> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
    const content = await readPrivately(path);
    if (content !== '') {
      const text = content.trim();
      if (API_KEY_PATTERN.test(text)) return text;
      throw new ConfigError([
        `${path} contains no key of 8 to 256 printable ASCII characters without spaces: delete the file to generate a new key, or set API_KEY`,
      ]);
    }
    // Another service that starts at the same time may have created the file but not written the key yet.
    await sleep(RETRY_DELAY_MS);
  }
  return null;
}

/** Reads the file. @throws ConfigError if others can read it, or it is too long */
async function readPrivately(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const stat = await file.stat();
    const { mode, size } = stat;
    if (!stat.isFile()) throw new Error('it is not a file');
    if ((mode & OTHERS) !== 0)
      throw new ConfigError([
        `${path} is accessible to other users (mode ${(mode & 0o777).toString(8)}): run \`chmod 600 ${path}\`, and delete the file instead if one of them may have read the key`,
      ]);
    if (size > MAX_FILE_BYTES)
      throw new ConfigError([`${path} is too large to be a key: delete the file to generate a new key`]);
    return await file.readFile('utf8');
  } catch (error) {
    throw error instanceof ConfigError ? error : unusableFile('read', path, error);
  } finally {
    await file?.close();
  }
}

function unusableFile(action: 'read' | 'store', path: string, cause: unknown): ConfigError {
  const { message } = cause as Error;
  return new ConfigError([
    `Cannot ${action} the API key in ${path} (${message}): set API_KEY, or set DATA_DIR to a writable folder`,
  ]);
}
