import { createHash } from 'node:crypto';
import { fieldValue, type HeaderFields } from '../../http-cache/headers.ts';
import type { CompiledRule } from '../rules/rule.ts';

/** Keys under which the response to a request may be kept. */
export interface ResponseKeys {
  /** URL without the redacted parameters. */
  readonly url: string;
  /** For all clients. */
  readonly common: string;
  /** For the request's credentials; undefined if it has none. */
  readonly personal: string | undefined;
}

/**
 * The keys of a request. They begin with the URL, so that kept responses can be listed and removed by pattern.
 * Everything else in them is hashed.
 * @param credentialNames names of request header fields that identify a user
 */
export function responseKeys(
  url: string,
  headers: HeaderFields,
  rule: Pick<CompiledRule, 'redact' | 'version'>,
  credentialNames: readonly string[],
): ResponseKeys {
  const redacted = redactUrl(url, rule.redact);
  const version = typeof rule.version === 'function' ? rule.version(url) : rule.version;
  const common = version === undefined ? redacted : `${redacted} version:${digest(version)}`;
  const credentials = credentialNames
    .map((name) => [name, fieldValue(headers, name)])
    .filter(([, value]) => value !== undefined);
  const personal =
    credentials.length === 0 ? undefined : `${common} credentials:${digest(JSON.stringify(credentials))}`;
  return { url: redacted, common, personal };
}

/** The key of a variant, next to that of the first one that was kept. */
export function variantKey(key: string, selecting: readonly (readonly [string, string | null])[]): string {
  return `${key} vary:${digest(JSON.stringify(selecting))}`;
}

/** The URL that a key begins with. */
export function urlOfKey(key: string): string {
  const end = key.indexOf(' ');
  return end < 0 ? key : key.slice(0, end);
}

/** A URL without some of its query parameters. Others stay as they are, byte for byte. */
export function redactUrl(url: string, names: readonly string[]): string {
  const start = url.indexOf('?');
  if (names.length === 0 || start < 0) return url;
  const kept = url
    .slice(start + 1)
    .split('&')
    .filter((parameter) => !names.includes(parameterName(parameter)));
  return url.slice(0, start) + (kept.length > 0 ? `?${kept.join('&')}` : '');
}

function parameterName(parameter: string): string {
  return new URLSearchParams(parameter).keys().next().value ?? '';
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** The values of redacted parameters in a URL, as they are there and decoded. */
export function redactedValues(url: string, names: readonly string[]): string[] {
  const query = names.length === 0 ? '' : (url.split('?', 2)[1] ?? '');
  return query
    .split('&')
    .filter((parameter) => names.includes(parameterName(parameter)))
    .flatMap((parameter) => [
      parameter.slice(parameter.indexOf('=') + 1),
      new URLSearchParams(parameter).values().next().value ?? '',
    ])
    .filter((value) => value.length >= MIN_SECRET_LENGTH);
}

/** Shorter values occur in other fields by chance. */
const MIN_SECRET_LENGTH = 6;
