import { createHash } from 'node:crypto';

/**
 * The weak validator of a representation: equal for equal texts.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.1
 */
export function weakEtag(meaning: string): string {
  return `W/"${createHash('sha256').update(meaning).digest('base64url').slice(0, 22)}"`;
}

/** One entity tag with what may stand before it in a list. A tag may contain commas, so a list cannot be split. */
const LISTED_TAG = /[ \t,]*(?:W\/)?("[\x21\x23-\x7e\x80-\uffff]*")[ \t]*(?=,|$)/y;
const LIST_END = /[ \t,]*$/y;

/**
 * Whether an `If-None-Match` field matches the validator of the current representation, by weak comparison.
 * A malformed field matches nothing: the client then gets the whole representation.
 * @param field the value of `If-None-Match`; several fields joined by commas
 * @param etag the current validator, strong or weak, or undefined where the representation has none
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.2
 */
export function matchesIfNoneMatch(field: string, etag: string | undefined): boolean {
  // The usual case, a client that repeats the one validator it was sent, needs no parser.
  if (field === etag) return true;
  if (field.trim() === '*') return true;
  if (etag === undefined) return false;
  const wanted = opaqueTag(etag);
  let found = false;
  let position = 0;
  while (true) {
    LISTED_TAG.lastIndex = position;
    const tag = LISTED_TAG.exec(field);
    if (!tag) break;
    found ||= tag[1] === wanted;
    position = LISTED_TAG.lastIndex;
  }
  LIST_END.lastIndex = position;
  return found && LIST_END.test(field);
}

/**
 * An entity tag without its mark of weakness, as weak comparison compares it.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2
 */
function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
