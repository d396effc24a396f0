import { createHash } from 'node:crypto';

/**
 * Returns a weak entity tag that depends only on `text`: equal texts have equal tags.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.1
 */
export function weakEtag(text: string): string {
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** Returns a strong entity tag: only the same bytes have the same tag. */
export function bytesEtag(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
}

/** One entity tag of a list, with the separators before it. Tags may contain commas, so the list cannot be split. */
const LISTED_TAG = /[ \t,]*(?:W\/)?("[\x21\x23-\x7e\x80-\uffff]*")[ \t]*(?=,|$)/y;
const LIST_END = /[ \t,]*$/y;

/**
 * Returns whether an `If-None-Match` field matches the entity tag of the current representation, by weak
 * comparison. A malformed field matches nothing, so the client gets the whole representation.
 * @param field the value of `If-None-Match`; join repeated fields with commas
 * @param etag the current entity tag, strong or weak, or undefined if the representation has none
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.2
 */
export function matchesIfNoneMatch(field: string, etag: string | undefined): boolean {
  // Usual case: the client repeats the tag of its last response. No parsing needed.
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
 * Returns an entity tag without `W/`, which weak comparison ignores.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3.2
 */
function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
