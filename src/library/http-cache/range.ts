import { fieldValue, type HeaderFields } from './headers.ts';

/** A part of a body, `end` not included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that a request asks for. `undefined` for a field that is no single range of bytes, which is
 * the origin's to answer; `unsatisfiable` where the body ends before the range begins.
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
