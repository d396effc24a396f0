import { fieldValue, type HeaderFields } from './headers.ts';

/** A range of bytes, `end` excluded. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range that a request's Range field specifies.
 * @param length length of the complete body in bytes
 * @returns undefined for several ranges, a malformed field or another unit; `unsatisfiable` if the range
 * starts after the end of the body
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-14.1.2
 */
export function singleRange(request: HeaderFields, length: number): ByteRange | 'unsatisfiable' | undefined {
  const parts = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(fieldValue(request, 'range') ?? '');
  if (!parts) return undefined;
  const [first, last] = [parts[1]!, parts[2]!];
  if (first === '') {
    if (last === '') return undefined;
    const suffix = Math.min(Number(last), length);
    return suffix === 0 ? 'unsatisfiable' : { start: length - suffix, end: length };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= length) return 'unsatisfiable';
  return { start, end: last === '' ? length : Math.min(Number(last) + 1, length) };
}
