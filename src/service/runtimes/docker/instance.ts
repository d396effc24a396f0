import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../../config/data-folder.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Returns the id of this service from the file `instance` in the data folder, which is created at the first start. It
 * marks the containers that this service has created, so that it recognises them after a restart. If the folder cannot
 * be used, every start has an id of its own.
 */
export async function readInstance(dataDir: string): Promise<string> {
  const path = join(dataDir, 'instance');
  const stored = await readFile(path, 'utf8').catch(() => '');
  if (UUID.test(stored.trim())) return stored.trim();
  const created = randomUUID();
  try {
    ensureFolder(dataDir);
    await writeFile(path, `${created}\n`, { mode: 0o600 });
  } catch {
    // The event log reports a folder that cannot be written.
  }
  return created;
}
