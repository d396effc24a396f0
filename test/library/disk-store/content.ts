import { createHash } from 'node:crypto';

const POSITION_INTERVAL = 4096;

/** Bytes that are the same in every run, and differ for each seed. */
export function content(size: number, seed: number | string = 0): Buffer {
  // A pattern that shows its position, so that no two blocks are equal.
  const unit = createHash('sha256').update(String(seed)).digest();
  const bytes = Buffer.alloc(size, unit);
  for (let offset = 0; offset + 4 <= size; offset += POSITION_INTERVAL) bytes.writeUInt32LE(offset, offset);
  return bytes;
}
