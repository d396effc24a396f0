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
