/** Header fields by lower-case name. A field with several field lines is an array of them. */
export type HeaderFields = Record<string, string | string[]>;

/**
 * Fields that apply to a connection and are never stored.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.1
 */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Fields that describe the stored content, which a 304 does not replace.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.2
 */
const CONTENT_FIELDS = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'digest',
  'content-digest',
  'repr-digest',
]);

/**
 * The value of a field, with its lines joined by commas.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-5.3
 */
export function fieldValue(fields: HeaderFields, name: string): string | undefined {
  const value = fields[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Removes white space as HTTP defines it. `trim` also removes others, such as a non-breaking space. */
export function trimSpace(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** All forms in which undici accepts request headers: a flat list, pairs or an object. */
export type AnyHeaders =
  | readonly string[]
  | Iterable<readonly [string, string | readonly string[] | undefined]>
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | null
  | undefined;

/** Converts headers from any form that undici accepts. */
export function toFields(headers: AnyHeaders): HeaderFields {
  // No prototype, because a field may be named __proto__ or constructor.
  const fields: HeaderFields = Object.create(null);
  if (headers === null || headers === undefined) return fields;
  if (!(Symbol.iterator in headers)) {
    for (const name of Object.keys(headers)) append(fields, name, headers[name]);
    return fields;
  }
  const items: readonly unknown[] = [...headers];
  if (typeof items[0] === 'string') {
    for (let i = 0; i + 1 < items.length; i += 2) append(fields, String(items[i]), String(items[i + 1]));
  } else {
    for (const [name, value] of items as readonly [string, string][]) append(fields, name, value);
  }
  return fields;
}

function append(fields: HeaderFields, name: string, value: string | readonly string[] | undefined): void {
  if (value === undefined) return;
  const key = name.toLowerCase();
  const previous = fields[key];
  if (previous === undefined && typeof value === 'string') {
    fields[key] = value;
    return;
  }
  const lines = typeof value === 'string' ? [value] : value.map(String);
  const all = previous === undefined ? lines : [previous, lines].flat();
  fields[key] = all.length === 1 ? all[0]! : all;
}

/**
 * The fields that may be stored: without hop-by-hop fields and those named in `excluded`.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.1
 */
export function storableFields(fields: HeaderFields, excluded: readonly string[]): HeaderFields {
  // Any separator counts: a malformed list must not make the cache store what it names.
  const nominated = (fieldValue(fields, 'connection') ?? '').split(/[^\w.-]+/);
  const dropped = new Set([...HOP_BY_HOP, ...nominated, ...excluded].map(lower));
  return withoutFields(fields, (name) => dropped.has(name));
}

/**
 * The stored fields, updated by those of a 304 or of a response to HEAD. A stored ETag is kept: it is the
 * validator of the request, and servers that compress on the fly respond with a different one.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.2
 */
export function updatedFields(stored: HeaderFields, update: HeaderFields): HeaderFields {
  const changed = withoutFields(
    update,
    (name) => CONTENT_FIELDS.has(name) || (name === 'etag' && stored.etag !== undefined),
  );
  // A stored Age describes the earlier response, so it is dropped even if the update has none.
  return Object.assign(
    withoutFields(stored, (name) => name === 'age'),
    changed,
  );
}

function withoutFields(fields: HeaderFields, isDropped: (name: string) => boolean): HeaderFields {
  const kept: HeaderFields = Object.create(null);
  for (const name of Object.keys(fields)) if (!isDropped(name)) kept[name] = fields[name]!;
  return kept;
}

function lower(name: string): string {
  return name.toLowerCase();
}
