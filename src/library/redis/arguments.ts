/**
 * Longest expiry that Redis accepts: it adds the time of day and stores the sum as a safe integer. More than
 * 285 years.
 */
const MAX_MS = 2 ** 53 - 1 - 8.64e15 / 2;

/** An expiry as an argument for Redis, which rejects fractions and treats 0 as a deletion. */
export function wholeMs(ms: number): string {
  return String(Math.max(1, Math.floor(Math.min(ms, MAX_MS))));
}

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
