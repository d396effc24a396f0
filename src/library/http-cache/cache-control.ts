import { fieldValue, type HeaderFields } from './headers.ts';

/** The directives of a Cache-Control field. Names are passed in lower case. */
export interface Directives {
  /** Whether the directive is present, with or without an argument. */
  flag(name: string): boolean;
  /** Whether the directive is present, each time without an argument. */
  isBare(name: string): boolean;
  /** The directive's argument in seconds; 0 if it is missing or invalid, undefined without the directive. */
  seconds(name: string): number | undefined;
  /** The field names in the directive's argument; undefined if the directive or its argument is missing. */
  fieldNames(name: string): string[] | undefined;
}

/** The value of larger numbers: https://www.rfc-editor.org/rfc/rfc9111.html#section-1.2.2 */
const MAX_S = 2 ** 31;

/**
 * Parses the Cache-Control field among header fields.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2
 */
export function parseCacheControl(fields: HeaderFields): Directives {
  const byName = new Map<string, (string | true)[]>();
  for (const member of splitOutsideQuotes(fieldValue(fields, 'cache-control') ?? '')) {
    const equals = member.indexOf('=');
    const before = equals < 0 ? member.trimEnd() : member.slice(0, equals);
    const name = before.trimEnd().toLowerCase();
    if (name === '') continue;
    // White space before the equals sign makes the argument invalid.
    const argument = equals < 0 ? true : before.length > name.length ? '' : member.slice(equals + 1);
    byName.set(name, [...(byName.get(name) ?? []), argument]);
  }
  return {
    flag: (name) => byName.has(name),
    isBare: (name) => byName.get(name)?.every((argument) => argument === true) ?? false,
    seconds: (name) => {
      const all = byName.get(name);
      // If the directive is repeated, https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1 allows using
      // the first value or treating the response as stale. The smallest value is never fresher than either.
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
 * Parses delta-seconds, also as a quoted string. An invalid argument is 0, so that the response is stale.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-1.2.2
 */
function toSeconds(argument: string | true): number {
  const digits = argument === true ? '' : unquote(argument.trimEnd());
  return /^\d+$/.test(digits) ? Math.min(Number(digits), MAX_S) : 0;
}

function unquote(text: string): string {
  const quoted = /^"(.*)"$/s.exec(text.trimEnd());
  return quoted ? quoted[1]!.replace(/\\(.)/gs, '$1') : text;
}

/** Splits at commas. An unterminated quote quotes nothing: it must not hide a no-store that follows it. */
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
