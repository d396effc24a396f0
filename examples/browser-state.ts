/**
 * A tour of `roundhouse/browser-state`, with files in place of a browser. Run it from the root of the project:
 *
 *     node --conditions=roundhouse:source examples/browser-state.ts
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore, type Mount, ProfileStore, SessionLockedError } from 'roundhouse/browser-state';

const print = (line: string) => process.stdout.write(`${line}\n`);
const folder = await mkdtemp(join(tmpdir(), 'profiles-'));
const encryption = { currentKey: '2026', keys: { 2026: randomBytes(32) } };

/** A host: it shares the storage with the others, and has a folder of its own for mounts. */
const openHost = (name: string) =>
  ProfileStore.open({
    driver: new LocalStore({ folder: join(folder, 'storage') }),
    workFolder: join(folder, name),
    encryption,
  });

/** What a browser does: changes a file of the profile, which it then closes. */
const browse = (mount: Mount, page: string) => writeFile(join(mount.dir, 'History'), page);
const history = (mount: Mount) => readFile(join(mount.dir, 'History'), 'utf8');

const [a, b] = [await openHost('a'), await openHost('b')];

print('Host a mounts a profile, uses it and commits it:');
{
  await using mount = await a.mount('alice', 'shop');
  await browse(mount, 'basket');
  print(`  version ${await mount.commit()}`);

  print('Meanwhile host b cannot mount it to write:');
  const refused = await b.mount('alice', 'shop').catch((error: unknown) => error);
  print(`  ${refused instanceof SessionLockedError ? refused.code : 'no error'}`);
}

print('Then host b mounts it, continues and commits:');
{
  await using mount = await b.mount('alice', 'shop');
  print(`  it has ${await history(mount)}`);
  await browse(mount, 'checkout');
  print(`  version ${await mount.commit()}`);
}

print('An earlier version becomes the newest, and is copied:');
print(`  version ${await a.rollback('alice', 'shop', 1)}`);
await a.fork('alice', 'shop', 'shop-copy');
{
  await using mount = await b.mount('alice', 'shop-copy', { mode: 'ro' });
  print(`  the copy has ${await history(mount)}`);
}

print('All versions, newest first:');
for (const { version, reason } of await b.versions('alice', 'shop')) print(`  ${version} ${reason}`);
const { problems } = await b.verify('alice', 'shop');
print(`  ${problems.length} problems, sessions: ${(await b.sessions('alice')).join(', ')}`);

await Promise.all([a.close(), b.close()]);
await rm(folder, { recursive: true });
