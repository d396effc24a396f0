import { randomUUID } from 'node:crypto';
import { StorageError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';

/**
 * Returns whether a store creates objects only if they are absent. Some stores ignore the condition and overwrite,
 * which would let two writers lose each other's versions, and some reject it as not implemented.
 * @param prefix prefix of the keys; "~" keeps the probe apart from users
 */
export async function createsOnlyIfAbsent(store: ObjectStore, prefix: string): Promise<boolean> {
  const key = `${prefix}~probe/${randomUUID()}`;
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  try {
    const created = await store.create(key, first);
    const createdAgain = await store.create(key, second);
    const content = await store.get(key);
    return created && !createdAgain && content !== undefined && first.equals(content);
  } catch (error) {
    if (error instanceof StorageError && /\b501\b/.test(error.message)) return false;
    throw error;
  } finally {
    await store.delete(key);
  }
}
