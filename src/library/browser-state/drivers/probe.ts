import { randomUUID } from 'node:crypto';
import { BrowserStateError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';

/**
 * Checks that a store creates objects only if they are absent. Some stores ignore the condition and overwrite, which
 * would let two writers lose each other's versions.
 * @param prefix prefix of the keys; "~" keeps the probe apart from users
 * @throws BrowserStateError `UNSUPPORTED_STORE`
 */
export async function probeStore(store: ObjectStore, prefix: string): Promise<void> {
  const key = `${prefix}~probe/${randomUUID()}`;
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  try {
    const created = await store.create(key, first);
    const createdAgain = await store.create(key, second);
    const content = await store.get(key);
    if (created && !createdAgain && content && first.equals(content)) return;
  } finally {
    await store.delete(key);
  }
  throw new BrowserStateError(
    'UNSUPPORTED_STORE',
    `this ${store.kind} store cannot create an object only if it is absent: use another store`,
  );
}
