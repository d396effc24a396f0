import type { Readable } from 'node:stream';

/** Destroys a stream whose current line is too long: readline would keep one without an end until the memory is full. */
export function limitLines(stream: Readable, maxBytes: number, message: string): void {
  let lineBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf('\n');
    lineBytes = end < 0 ? lineBytes + chunk.length : chunk.length - end - 1;
    if (lineBytes > maxBytes) stream.destroy(new Error(message));
  });
}
