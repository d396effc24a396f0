import pLimit from 'p-limit';
import { isTombstone } from '../content/manifest.ts';
import { numberIn } from '../keys.ts';
import type { ObjectInfo, ObjectStore } from '../object-store.ts';
import type { SessionObjects } from '../session-objects.ts';
import { readVersion } from './history.ts';

const READS_AT_ONCE = 8;
/** Tombstones are smaller. A larger manifest need not be read to see that the session exists. */
const MAX_TOMBSTONE_BYTES = 1024;

/**
 * Lists the sessions in a user's folder that exist, sorted, from one listing of it.
 * @param objectsOf returns the objects of a session, or undefined if its name is not a valid ID
 */
export async function listSessions(
  store: ObjectStore,
  folder: string,
  objectsOf: (session: string) => SessionObjects,
): Promise<string[]> {
  const newest = new Map<string, ObjectInfo>();
  for (const info of await store.list(folder)) {
    const [session, kind] = info.key.slice(folder.length).split('/');
    if (session && kind === 'm') newest.set(session, info);
  }
  const limit = pLimit(READS_AT_ONCE);
  const exists = async ([session, { key, size }]: [string, ObjectInfo]) => {
    if (size > MAX_TOMBSTONE_BYTES) return true;
    const objects = objectsOf(session);
    const version = numberIn(objects.keys.manifests, key);
    return version !== undefined && !isTombstone(await readVersion(objects, version));
  };
  const sessions = [...newest];
  const existing = await Promise.all(sessions.map((session) => limit(() => exists(session))));
  return sessions
    .filter((_, index) => existing[index])
    .map(([session]) => session)
    .sort();
}
