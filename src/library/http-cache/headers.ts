/** Header fields by lower-case name; a field that came in several lines is a list of them. */
export type HeaderFields = Record<string, string | string[]>;

/**
 * Fields that speak about a connection, not about the response.
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
 * What describes the stored bytes, which a 304 does not replace.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.2
 */
const OF_THE_BODY = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'digest',
  'content-digest',
  'repr-digest',
]);

/** The field as one value, its lines joined as they would be in one. */
export function fieldValue(fields: HeaderFields, name: string): string | undefined {
  const value = fields[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The members of a field that is a comma-separated list, trimmed, empty ones left out. */
export function fieldList(fields: HeaderFields, name: string): string[] {
  const members = (fieldValue(fields, name) ?? '').split(',').map((member) => member.trim());
  return members.filter((member) => member !== '');
}

/** Whatever undici takes as request headers: a flat list, pairs, or an object. */
export type AnyHeaders =
  | readonly string[]
  | Iterable<readonly [string, string | readonly string[] | undefined]>
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | null
  | undefined;

export function toFields(headers: AnyHeaders): HeaderFields {
  // No prototype: a field may be called __proto__ or constructor.
  const fields: HeaderFields = Object.create(null);
  for (const [name, value] of pairs(headers)) {
    if (value === undefined) continue;
    const key = name.toLowerCase();
    const lines = typeof value === 'string' ? [value] : value.map(String);
    const known = fields[key];
    const all = known === undefined ? lines : [known, lines].flat();
    fields[key] = all.length === 1 ? all[0]! : all;
  }
  return fields;
}

function* pairs(headers: AnyHeaders): Iterable<readonly [string, string | readonly string[] | undefined]> {
  if (headers === null || headers === undefined) return;
  if (!(Symbol.iterator in headers)) return yield* Object.entries(headers);
  const items: readonly unknown[] = [...headers];
  if (typeof items[0] !== 'string') return yield* headers as Iterable<readonly [string, string]>;
  for (let i = 0; i + 1 < items.length; i += 2) yield [String(items[i]), String(items[i + 1])];
}

/** Fields that may be kept: none of the connection's, and none named in `besides`. */
export function storableFields(fields: HeaderFields, besides: readonly string[]): HeaderFields {
  const dropped = new Set([...HOP_BY_HOP, ...fieldList(fields, 'connection'), ...besides].map(lower));
  return withoutFields(fields, (name) => dropped.has(name));
}

/**
 * The stored fields as a 304 (or the answer to a HEAD) brings them up to date. An ETag that is there stays:
 * it is the one that was asked about, and servers that compress on the fly answer with another.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.2
 */
export function updatedFields(stored: HeaderFields, update: HeaderFields): HeaderFields {
  const news = withoutFields(
    update,
    (name) => OF_THE_BODY.has(name) || (name === 'etag' && stored.etag !== undefined),
  );
  // An Age that the update does not repeat was about the response as it came then.
  return Object.assign(
    withoutFields(stored, (name) => name === 'age'),
    news,
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
