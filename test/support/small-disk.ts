import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

const FILLER = 'filler';

/** A disk of 1 MB that is mounted on a folder. Mounting requires root. */
export class SmallDisk {
  /** Mount point. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Mounts the disk. */
  async mount(): Promise<void> {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'roundhouse-test', this.folder]);
  }

  /** Makes the disk read-only. */
  async makeReadOnly(): Promise<void> {
    await run('mount', ['-o', 'remount,ro', this.folder]);
  }

  /** Fills the disk completely. */
  async fill(): Promise<void> {
    for (let size = 64 * 1024; size >= 512; size /= 2) {
      try {
        for (;;) await writeFile(this.#filler, Buffer.alloc(size), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  }

  /** Frees the space that {@link fill} used. */
  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  /** Unmounts the disk, even if files on it are open. */
  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.folder]);
  }

  get #filler(): string {
    return join(this.folder, FILLER);
  }
}
