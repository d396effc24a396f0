/** A process that commits as often as it can, and reports each version. Exits with 3 when it has lost its lease. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BrowserStateError, LocalStore, ProfileStore } from '../../../src/library/browser-state/index.ts';

const { STORE = '', WORK = '' } = process.env;
const store = await ProfileStore.open({ driver: new LocalStore({ folder: STORE }), workFolder: WORK });
const mount = await store.mount('user', 's1', { leaseS: 3 });
for (let number = Date.now(); ; number += 1) {
  await writeFile(join(mount.dir, 'number'), `${number}`);
  await writeFile(join(mount.dir, 'copy'), `${number}`.repeat(30_000));
  try {
    process.send?.(await mount.commit());
  } catch (error) {
    const isLost = error instanceof BrowserStateError && /^(LEASE_LOST|VERSION_CONFLICT)$/.test(error.code);
    if (!isLost) throw error;
    await mount.discard();
    process.exit(3);
  }
}
