import { createHash } from 'node:crypto';

/** A weak validator: the same for answers that mean the same, though a timestamp in them may differ. */
export function weakEtag(meaning: string): string {
  return `W/"${createHash('sha256').update(meaning).digest('base64url').slice(0, 22)}"`;
}

/** Whether an If-None-Match field names the validator: `*`, or a list of tags, compared weakly (RFC 9110). */
export function etagMatches(field: string, etag: string): boolean {
  if (field === etag || field.trim() === '*') return true;
  const opaque = opaqueTag(etag);
  // Tags may hold commas, so the list is read tag by tag rather than split.
  return (field.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => opaqueTag(tag) === opaque);
}

function opaqueTag(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
