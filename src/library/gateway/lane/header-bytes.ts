import type { HeaderFields } from '../../http-cache/headers.ts';

/** Bytes of a header section as HTTP/1.1 sends it, without the first line. */
export function headerBytes(fields: HeaderFields): number {
  let bytes = 2;
  for (const name of Object.keys(fields)) {
    const value = fields[name]!;
    if (typeof value === 'string') bytes += name.length + value.length + 4;
    else for (const line of value) bytes += name.length + line.length + 4;
  }
  return bytes;
}
