import { createHash } from 'node:crypto';

/** Bytes that are the same in every run, and differ for each seed. */
export function content(size: number, seed: number | string = 0): Buffer {
  const bytes = Buffer.alloc(size);
  const unit = createHash('sha256').update(String(seed)).digest();
  for (let offset = 0; offset < size; offset += unit.length) {
    unit.writeUInt32LE(offset);
    unit.copy(bytes, offset);
  }
  return bytes;
}
