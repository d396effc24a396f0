import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

const FILLER = 'filler';

/** A disk of 1 MB, mounted on a folder; only root may. */
export class SmallDisk {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async mount(): Promise<void> {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'roundhouse-test', this.folder]);
  }

  /** Leaves not a byte of room. */
  async fill(): Promise<void> {
    for (let size = 64 * 1024; size >= 512; size /= 2) {
      try {
        for (;;) await writeFile(this.#filler, Buffer.alloc(size), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  }

  /** Gives back what {@link fill} took. */
  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.folder]);
  }

  get #filler(): string {
    return join(this.folder, FILLER);
  }
}
