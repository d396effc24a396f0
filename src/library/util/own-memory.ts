/**
 * Memory of a buffer besides its bytes: the objects in V8's heap and the bookkeeping outside it. Measured as the
 * growth of the resident set with 600,000 buffers.
 */
const BUFFER_BYTES = 400;

/** Memory that a buffer of its own takes, in bytes. */
export function memoryOf(bytes: Uint8Array): number {
  return BUFFER_BYTES + bytes.byteLength;
}

/**
 * Returns bytes whose memory holds nothing else: `bytes` itself, or a copy if it is a part of a larger buffer. Small
 * buffers of Node and chunks of undici are parts of slabs of 64 KiB, and whoever keeps one retains the whole slab.
 */
export function inOwnMemory(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}
