import { Directives, type Occurrence, parseCacheControl } from './cache-control.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';

/*
 * Grammar of a dictionary: https://www.rfc-editor.org/rfc/rfc9651.html#section-4.2.2
 * Display strings are checked only roughly, as no directive has one.
 */
const KEY = '[a-z*][a-z0-9_.*-]*';
const STRING = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;
const NUMBER = String.raw`-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])`;
const TOKEN = "[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*";
const ITEM = String.raw`(?:${STRING}|${NUMBER}|${TOKEN}|:[A-Za-z0-9+/=]*:|\?[01]|@-?\d{1,15}|%${STRING})`;
const PARAMETERS = `(?:; *${KEY}(?:=${ITEM})?)*`;
const INNER_LIST = String.raw`\( *(?:${ITEM}${PARAMETERS}(?: +${ITEM}${PARAMETERS})*)? *\)`;
const MEMBER = new RegExp(
  `(${KEY})(?:=(${ITEM}|${INNER_LIST}))?${PARAMETERS}[ \\t]*(?:,[ \\t]*(?!$)|$)`,
  'y',
);

/** Directives whose argument is a list of field names, which a dictionary has as a string. */
const LISTS = new Set(['no-cache', 'private']);

/**
 * The directives of a response: those of the first targeted field that is a dictionary and not empty, else those
 * of Cache-Control.
 * @see https://www.rfc-editor.org/rfc/rfc9213.html#section-2.2
 */
export function responseDirectives(
  headers: HeaderFields,
  { targetedFields }: Pick<HttpCachePolicy, 'targetedFields'>,
): Directives {
  for (const name of targetedFields) {
    const value = fieldValue(headers, name);
    const directives = value === undefined ? undefined : parseDictionary(value);
    if (directives) return directives;
  }
  return parseCacheControl(headers);
}

/** @returns undefined if the text is empty or not a dictionary */
function parseDictionary(text: string): Directives | undefined {
  const trimmed = text.replace(/^ +| +$/g, '');
  const byName = new Map<string, readonly [Occurrence]>();
  for (let at = 0; at < trimmed.length; at = MEMBER.lastIndex) {
    MEMBER.lastIndex = at;
    const member = MEMBER.exec(trimmed);
    if (!member) return undefined;
    // The last of several members with the same key counts.
    byName.set(member[1]!, [toOccurrence(member[1]!, member[2])]);
  }
  return byName.size === 0 ? undefined : new Directives(byName, { replacesExpires: true });
}

/** A value of another type than the directive's is malformed: https://www.rfc-editor.org/rfc/rfc9213.html#section-2.1 */
function toOccurrence(name: string, value: string | undefined): Occurrence {
  if (value === undefined || value === '?1') return { argument: undefined, wellFormed: true };
  if (/^-?[\d.]+$/.test(value)) return { argument: value, wellFormed: !LISTS.has(name) };
  const argument = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  return { argument, wellFormed: LISTS.has(name) && value.startsWith('"') };
}
