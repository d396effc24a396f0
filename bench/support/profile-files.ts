import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Files of a profile after a log-in to one site: many small ones, and a few databases. 6.1 MB in 164 files. */
const SIZES: readonly number[] = [
  ...Array.from({ length: 148 }, (_, index) => 500 + ((index * 7919) % 18_000)),
  ...Array.from({ length: 12 }, (_, index) => 60_000 + index * 10_000),
  ...[500_000, 700_000, 900_000, 1_320_000],
];

/** Paths of the files, with their sizes. */
export const PROFILE_FILES: readonly { path: string; size: number }[] = SIZES.map((size, index) => ({
  path: `Default/${index % 24}/${index}`,
  size,
}));

/** Writes the profile to a folder. */
export async function writeProfile(folder: string): Promise<void> {
  for (const [index, { path, size }] of PROFILE_FILES.entries()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), contentOf(size, index + 1));
  }
}

/** Changes what one more page changes: 10 files, of which three are parts of databases. */
export async function visitPage(folder: string, visit: number): Promise<void> {
  const small = PROFILE_FILES.filter(({ size }) => size < 8000).slice(visit % 40, (visit % 40) + 7);
  for (const { path, size } of small)
    await writeFile(join(folder, path), contentOf(size, 1000 * visit + size));
  for (const { path, size } of PROFILE_FILES.slice(-3)) {
    const file = await open(join(folder, path), 'r+');
    await file.write(contentOf(4096, visit + size), 0, 4096, (visit * 4096) % (size - 4096));
    await file.close();
  }
}

/** Content of which a quarter is random and the rest compresses well, the same for each seed. */
function contentOf(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size, 'SELECT name, value FROM records WHERE id = ');
  let state = Math.imul(seed, 0x9e3779b9) | 1;
  for (let start = 0; start < size; start += 256) {
    for (let offset = start; offset < Math.min(start + 64, size); offset += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[offset] = state;
    }
  }
  return bytes;
}
