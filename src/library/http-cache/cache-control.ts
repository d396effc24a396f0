import { fieldValue, type HeaderFields } from './headers.ts';

/**
 * The directives of a Cache-Control field, by lower-case name. True for one without an argument; numbers
 * are seconds.
 */
export interface Directives {
  flag(name: string): boolean;
  /** Whether the directive is there, and never with an argument. */
  isBare(name: string): boolean;
  /** The directive's seconds; 0 for an argument that is none, undefined where it is not there. */
  seconds(name: string): number | undefined;
  /** The field names in the directive's argument; undefined where it is not there or has none. */
  fieldNames(name: string): string[] | undefined;
}

/** https://www.rfc-editor.org/rfc/rfc9111.html#section-1.2.2: what cannot be represented is this. */
const MAX_S = 2 ** 31;

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2 */
export function parseCacheControl(fields: HeaderFields): Directives {
  const byName = new Map<string, (string | true)[]>();
  for (const member of splitOutsideQuotes(fieldValue(fields, 'cache-control') ?? '')) {
    const equals = member.indexOf('=');
    const before = equals < 0 ? member.trimEnd() : member.slice(0, equals);
    const name = before.trimEnd().toLowerCase();
    if (name === '') continue;
    // White space before the equals sign makes the argument none.
    const argument = equals < 0 ? true : before.length > name.length ? '' : member.slice(equals + 1);
    byName.set(name, [...(byName.get(name) ?? []), argument]);
  }
  return {
    flag: (name) => byName.has(name),
    isBare: (name) => byName.get(name)?.every((argument) => argument === true) ?? false,
    seconds: (name) => {
      const all = byName.get(name);
      // Of several the shortest: https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1 lets a cache
      // take the first or call the response stale, and the shortest is never fresher than either allows.
      return all && Math.min(...all.map(toSeconds));
    },
    fieldNames: (name) => {
      const all = byName.get(name);
      if (!all || all.includes(true)) return undefined;
      return all.flatMap((argument) => unquote(String(argument)).split(',')).map((field) => field.trim());
    },
  };
}

/**
 * Delta seconds, quoted or not. An argument that is no number makes a response stale rather than fresh.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1
 */
function toSeconds(argument: string | true): number {
  const digits = argument === true ? '' : unquote(argument.trimEnd());
  return /^\d+$/.test(digits) ? Math.min(Number(digits), MAX_S) : 0;
}

function unquote(text: string): string {
  const quoted = /^"(.*)"$/s.exec(text.trimEnd());
  return quoted ? quoted[1]!.replace(/\\(.)/gs, '$1') : text;
}

/** A quote that is never closed quotes nothing: it must not hide the no-store behind it. */
function splitOutsideQuotes(text: string): string[] {
  const members: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (quoted && text[i] === '\\') i += 1;
    else if (text[i] === '"') quoted = !quoted;
    else if (text[i] === ',' && !quoted) {
      members.push(text.slice(start, i).trimStart());
      start = i + 1;
    }
  }
  return quoted
    ? text.split(',').map((part) => part.trimStart())
    : [...members, text.slice(start).trimStart()];
}
