/** A process that commits a profile of SIZE_MB and mounts it on another host. It sends its largest resident set. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalStore, ProfileStore } from '../../../src/library/browser-state/index.ts';

const MIB = 2 ** 20;
const { FOLDER = '', SIZE_MB = '' } = process.env;
const FILES = 10;

const openHost = (name: string) =>
  ProfileStore.open({
    driver: new LocalStore({ folder: join(FOLDER, 'store') }),
    workFolder: join(FOLDER, name),
  });

await using a = await openHost('a');
{
  await using mount = await a.mount('user', 's1');
  await mkdir(join(mount.dir, 'Default'));
  for (let number = 0; number < FILES; number += 1) {
    const file = await open(join(mount.dir, 'Default', `${number}`), 'w');
    for (let mb = 0; mb < Number(SIZE_MB) / FILES; mb += 1) await file.write(randomBytes(MIB));
    await file.close();
  }
  await mount.commit();
}
await using b = await openHost('b');
await using mount = await b.mount('user', 's1');
const names = await readdir(join(mount.dir, 'Default'));
const sizes = await Promise.all(
  names.map(async (name) => (await stat(join(mount.dir, 'Default', name))).size),
);
const sizeMb = sizes.reduce((sum, size) => sum + size, 0) / MIB;
process.send?.({ sizeMb, maxRssMb: process.resourceUsage().maxRSS / 1024 });
process.disconnect();
