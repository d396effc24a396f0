/** Smallest, desired and largest chunk of a large file, in bytes. */
const MIN_SIZE = 4 * 1024;
const AVERAGE_SIZE = 16 * 1024;

/** Largest chunk in bytes. A file of up to this size is one chunk. */
export const MAX_CHUNK_SIZE = 64 * 1024;

/**
 * Normalized chunking: before the desired size a cut needs two more zero bits than after it, so that most chunks
 * are near the desired size. The high bits depend on the last 32 bytes, the low ones on fewer.
 */
const MASK_BEFORE = 0xffff_0000 | 0;
const MASK_AFTER = 0xfff0_0000 | 0;

/** A random number for each byte value. They never change: they determine where files are cut. */
const GEAR = createGear();

function createGear(): Int32Array {
  // xorshift32. Any sequence without structure serves.
  let state = 0x9e3779b9 | 0;
  return Int32Array.from({ length: 256 }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

/**
 * Returns the length of the first chunk of `bytes`, which start at a cut. Where a large file is cut depends on the
 * content before the cut only, so that an insertion changes the chunks around it and not all that follow (FastCDC).
 * @param atEnd whether the file ends with `bytes`. Otherwise there must be at least {@link MAX_CHUNK_SIZE}.
 * @see https://www.usenix.org/system/files/conference/atc16/atc16-paper-xia.pdf
 */
export function chunkLength(bytes: Uint8Array, atEnd: boolean): number {
  if (atEnd && bytes.length <= MIN_SIZE) return bytes.length;
  const end = Math.min(bytes.length, MAX_CHUNK_SIZE);
  const middle = Math.min(end, AVERAGE_SIZE);
  let hash = 0;
  let position = MIN_SIZE;
  for (; position < middle; position += 1) {
    hash = ((hash << 1) + GEAR[bytes[position]!]!) | 0;
    if ((hash & MASK_BEFORE) === 0) return position + 1;
  }
  for (; position < end; position += 1) {
    hash = ((hash << 1) + GEAR[bytes[position]!]!) | 0;
    if ((hash & MASK_AFTER) === 0) return position + 1;
  }
  return end;
}
