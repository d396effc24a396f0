import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Profiles } from '../../../src/service/browser/profiles.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';

const ALICE = { user: 'w', session: 'alice' };
const canMount = process.getuid?.() === 0 || underCi();

/** A disk of 1 MB, with the folder for temporary files. */
async function mountSmallDisk(): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-profiles-disk-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const disk = new SmallDisk(folder);
  await disk.mount();
  onTestFinished(() => disk.unmount());
  await mkdir(join(folder, 'tmp'));
  vi.stubEnv('TMPDIR', join(folder, 'tmp'));
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return disk;
}

function openProfiles({ folder }: SmallDisk): Profiles {
  return new Profiles(
    join(folder, 'data'),
    () => {},
    () => {},
  );
}

describe.each(['full', 'read-only'])('on a disk that is %s', (state) => {
  const breakDisk = (disk: SmallDisk) => (state === 'full' ? disk.fill() : disk.makeReadOnly());

  it.skipIf(!canMount)('profiles can be listed before one was saved', async () => {
    const disk = await mountSmallDisk();
    await breakDisk(disk);
    const profiles = openProfiles(disk);
    expect(await profiles.list()).toEqual([]);
    await expect(profiles.versions(ALICE)).rejects.toMatchObject({ code: 'profile_not_found' });
    await expect(profiles.mount('w', 'alice')).rejects.toMatchObject({ code: 'profile_unavailable' });
    await profiles.close();
  });

  it.skipIf(!canMount)('profiles that were saved can be read, also after a restart', async () => {
    const disk = await mountSmallDisk();
    const earlier = openProfiles(disk);
    const mount = await earlier.mount('w', 'alice');
    await writeFile(join(mount.dir, 'Preferences'), '{}');
    await mount.commit();
    await mount.discard();
    await earlier.close();

    await breakDisk(disk);
    const profiles = openProfiles(disk);
    expect(await profiles.list()).toEqual([ALICE]);
    expect(await profiles.versions(ALICE)).toMatchObject([{ version: 1 }]);
    await expect(profiles.mount('w', 'alice')).rejects.toMatchObject({ code: 'profile_unavailable' });
    expect(await profiles.list()).toEqual([ALICE]);
    await profiles.close();
  });
});
