import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from './config.ts';

const MIN_KEY_LENGTH = 8;
const READ_ATTEMPTS = 10;
const RETRY_DELAY_MS = 20;

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
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const generated = randomBytes(24).toString('base64url');
    // "wx" fails if the file exists, so two services that start at the same time use the same key.
    await writeFile(path, `${generated}\n`, { mode: 0o600, flag: 'wx' });
    return { key: generated, location: `${generated} (generated, stored in ${path})` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusableFile(path, error);
  }
  return { key: await readStored(path), location: `stored in ${path}` };
}

async function readStored(path: string): Promise<string> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
    const text = await readFile(path, 'utf8').catch((error) => Promise.reject(unusableFile(path, error)));
    if (text.trim().length >= MIN_KEY_LENGTH) return text.trim();
    // Another service that starts at the same time may have created the file but not written the key yet.
    await sleep(RETRY_DELAY_MS);
  }
  throw new ConfigError([`${path} contains no key: delete the file to generate a new key, or set API_KEY`]);
}

function unusableFile(path: string, cause: unknown): ConfigError {
  const { message } = cause as Error;
  return new ConfigError([
    `Cannot store the API key in ${path} (${message}): set API_KEY, or set DATA_DIR to a writable folder`,
  ]);
}
