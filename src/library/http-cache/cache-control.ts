import { fieldValue, type HeaderFields, trimSpace } from './headers.ts';

/** One occurrence of a directive. */
export interface Occurrence {
  /** The argument, without its quotes; undefined if the directive has none. */
  readonly argument: string | undefined;
  /** Whether the occurrence conforms to the grammar of the field. */
  readonly wellFormed: boolean;
}

/** The value of larger numbers: https://www.rfc-editor.org/rfc/rfc9111.html#section-1.2.2 */
const MAX_S = 2 ** 31;

/** A directive up to the next comma. Argument: https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.6 */
const MEMBER =
  /([a-z0-9]+(?:[-_.][a-z0-9]+)*)(?:=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*(?:,|$)/isy;
/** A malformed member ends at the first comma outside of quotes. */
const MALFORMED = /(?:[^",]|"(?:[^"\\]|\\.)*")*(?:,|$)/sy;
const SEPARATORS = /[ \t,]*/y;
const WORD = /[a-z0-9]+(?:[-_.][a-z0-9]+)*/gi;
const FIELD_NAME = /^[\w.-]+$/;

/**
 * The directives of a Cache-Control field or one with the same grammar. Names are passed in lower case.
 *
 * A malformed field must not permit more than a well-formed one could. So a directive that restricts the cache
 * counts even if it is malformed, and one that permits something counts only if each occurrence of it is
 * well-formed. Within a malformed member, each word that is the name of a directive counts as that directive,
 * malformed.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2
 */
export class Directives {
  readonly #byName: ReadonlyMap<string, readonly Occurrence[]>;
  /** Whether Expires is ignored even without a max-age. */
  readonly replacesExpires: boolean;

  /** @param byName the occurrences of each directive, by its name in lower case */
  constructor(byName: ReadonlyMap<string, readonly Occurrence[]>, { replacesExpires = false } = {}) {
    this.#byName = byName;
    this.replacesExpires = replacesExpires;
  }

  /** Whether a directive is present, malformed or not: for those that restrict the cache. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Whether a directive is present, each time without an argument: for those that permit something. */
  isBare(name: string): boolean {
    return (
      this.#all(name)?.every(({ wellFormed, argument }) => wellFormed && argument === undefined) ?? false
    );
  }

  /** The smallest number of seconds of a directive that limits; malformed ones are 0. Undefined without it. */
  limitS(name: string): number | undefined {
    const all = this.#all(name);
    // If the directive is repeated, https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1 allows using
    // the first value or treating the response as stale. The smallest value is never fresher than either.
    return all && Math.min(...all.map((one) => toSeconds(one) ?? 0));
  }

  /** The smallest number of seconds of a directive that permits; undefined without it or if it is malformed. */
  allowanceS(name: string): number | undefined {
    const all = this.#all(name)?.map(toSeconds);
    return all?.every((one) => one !== undefined) ? Math.min(...all) : undefined;
  }

  /** The largest number of seconds of a directive that demands; malformed ones are infinite. 0 without it. */
  demandS(name: string): number {
    return Math.max(0, ...(this.#all(name) ?? []).map((one) => toSeconds(one) ?? Number.POSITIVE_INFINITY));
  }

  /** Whether a directive is present in its unqualified form, that is, at least once without a list of fields. */
  isUnqualified(name: string): boolean {
    return this.#all(name)?.some((one) => !one.wellFormed || !areFieldNames(listOf(one))) ?? false;
  }

  /** The names of fields in a directive's arguments, malformed ones included. */
  fieldNames(name: string): string[] {
    return (this.#all(name) ?? []).flatMap(listOf).filter((field) => FIELD_NAME.test(field));
  }

  #all(name: string): readonly Occurrence[] | undefined {
    return this.#byName.get(name);
  }
}

/** Parses the Cache-Control field among header fields. */
export function parseCacheControl(fields: HeaderFields): Directives {
  return parseDirectives(fieldValue(fields, 'cache-control') ?? '');
}

/** Parses directives. */
export function parseDirectives(text: string): Directives {
  const byName = new Map<string, Occurrence[]>();
  const add = (name: string, occurrence: Occurrence) => {
    const all = byName.get(name.toLowerCase());
    if (all) all.push(occurrence);
    else byName.set(name.toLowerCase(), [occurrence]);
  };
  for (let at = end(SEPARATORS, text, 0); at < text.length; at = end(SEPARATORS, text, at)) {
    MEMBER.lastIndex = at;
    const member = MEMBER.exec(text);
    if (member) {
      const [, name, token, quoted] = member;
      add(name!, { argument: token ?? quoted?.replace(/\\(.)/gs, '$1'), wellFormed: true });
      at = MEMBER.lastIndex;
      continue;
    }
    // An unterminated quote has no end, so everything that follows belongs to the malformed member.
    const next = end(MALFORMED, text, at) || text.length;
    const malformed = text.slice(at, next);
    const words = new Map([...malformed.matchAll(WORD)].map((word) => [word[0].toLowerCase(), word]));
    for (const [name, { 0: word, index }] of words) {
      add(name, { argument: malformed.slice(index + word.length), wellFormed: false });
    }
    // A name that white space or a quote has split, such as `no -store`.
    add(malformed.replace(/[^\w.-]+/g, ''), { argument: undefined, wellFormed: false });
    at = next;
  }
  return new Directives(byName);
}

/** The position after a match at `position`; 0 if there is none. */
function end(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : 0;
}

/** Parses delta-seconds, also as a quoted string. @returns undefined if they are malformed */
function toSeconds({ argument, wellFormed }: Occurrence): number | undefined {
  if (!wellFormed || argument === undefined || !/^\d+$/.test(argument)) return undefined;
  return Math.min(Number(argument), MAX_S);
}

function listOf({ argument = '', wellFormed }: Occurrence): string[] {
  const members = wellFormed ? argument.split(',').map(trimSpace) : argument.split(/[^\w.-]+/);
  return members.filter((member) => member !== '');
}

function areFieldNames(list: readonly string[]): boolean {
  return list.length > 0 && list.every((field) => FIELD_NAME.test(field));
}
