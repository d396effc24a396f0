import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from './config.ts';

const MIN_KEY_LENGTH = 8;
const LOOKS = 10;
const LOOK_INTERVAL_MS = 20;

/** The key that writes need, and where an operator finds it. */
export interface ApiKey {
  key: string;
  /** In words, for the start-up lines. */
  location: string;
}

/**
 * The key from API_KEY, or the one kept in the data folder, made at the first start.
 * @throws ConfigError that says what to do, where the folder cannot be used.
 */
export async function loadApiKey(configured: string | null, dataDir: string): Promise<ApiKey> {
  if (configured !== null) return { key: configured, location: 'set by API_KEY' };
  const path = join(dataDir, 'api-key');
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const made = randomBytes(24).toString('base64url');
    // "wx" fails where a key exists: two services starting at once end up with the same one.
    await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
    return { key: made, location: `${made} (made now, kept in ${path})` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, error);
  }
  return { key: await readKept(path), location: `kept in ${path}` };
}

async function readKept(path: string): Promise<string> {
  for (let look = 1; look <= LOOKS; look += 1) {
    const text = await readFile(path, 'utf8').catch((error) => Promise.reject(unusable(path, error)));
    if (text.trim().length >= MIN_KEY_LENGTH) return text.trim();
    // A service that starts at the same time may have made the file and not yet written the key.
    await sleep(LOOK_INTERVAL_MS);
  }
  throw new ConfigError([`${path} holds no key: delete it to have one made, or set API_KEY`]);
}

function unusable(path: string, cause: unknown): ConfigError {
  const { message } = cause as Error;
  return new ConfigError([
    `The API key cannot be kept in ${path} (${message}): set API_KEY, or DATA_DIR to a folder that can be written`,
  ]);
}
