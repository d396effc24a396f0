import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';

/** Creates a temporary folder that the cleanup removes. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-bench-'));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
