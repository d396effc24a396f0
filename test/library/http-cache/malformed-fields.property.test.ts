import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHttpDate } from '../../../src/library/http-cache/http-date.ts';
import { toHttpCachePolicy } from '../../../src/library/http-cache/options.ts';
import { evaluateReuse } from '../../../src/library/http-cache/reuse.ts';
import { evaluateStorage } from '../../../src/library/http-cache/storable.ts';
import type { StoredResponse } from '../../../src/library/http-cache/stored-response.ts';
import { matchesSelectingFields, selectingFields } from '../../../src/library/http-cache/vary.ts';

/*
 * The rule: a malformed Vary is `*`, a malformed restrictive directive counts as present, a malformed permissive
 * one as absent. Directives are damaged in all the ways seen in practice, and the decisions compared with those
 * for the field that the rule puts in their place.
 */

const NOW = Date.UTC(2026, 0, 1);

const space = fc.constantFrom(' ', '\t', '\u00a0', '\u00c2\u00a0', '\u3000');
const junk = fc.oneof(space, fc.constantFrom(';', '"', '=', "'", '/', ':', '(', '\\', '@', '\0', '{'));

/** Ways to damage a directive without an argument, so that it no longer conforms to the grammar. */
const damaged = (name: string) =>
  fc.oneof(
    fc.constantFrom(
      `${name}=`,
      `${name} =`,
      `${name}= x`,
      `${name} x`,
      `"${name}"`,
      `=${name}`,
      `${name};x=1`,
    ),
    junk.filter((text) => text !== ' ' && text !== '\t').map((text) => `${name}${text}`),
    junk.filter((text) => text !== ' ' && text !== '\t').map((text) => `${text}${name}`),
    fc
      .tuple(
        junk.filter((text) => text !== '='),
        junk,
      )
      .map(([one, other]) => `a${one}${name}${other}b`),
  );

const RESTRICTIVE = ['no-store', 'no-cache', 'private', 'must-revalidate'] as const;

function received(cacheControl: string, headers: Record<string, string> = {}): StoredResponse {
  return {
    id: '',
    generation: '',
    status: 200,
    statusText: '',
    vary: [],
    requestedAt: NOW,
    receivedAt: NOW,
    bodyBytes: 0,
    bodyChecksum: 0,
    headers: { date: formatHttpDate(NOW), 'cache-control': cacheControl, ...headers },
  };
}

/** What the cache does with a response, first for the request that fetched it, then for a later one. */
function decisions(cacheControl: string, mode: 'private' | 'shared', request: Record<string, string> = {}) {
  const policy = toHttpCachePolicy({ mode });
  const response = received(cacheControl, { etag: '"a"', 'set-cookie': 'secret' });
  const stored = evaluateStorage(request, response, policy) !== undefined;
  const reuse = (residentMs: number) => evaluateReuse(request, response, residentMs, policy);
  return {
    stored,
    fresh: reuse(1000).action,
    stale: reuse(100_000).action,
    onError: reuse(100_000).allowedOnError,
  };
}

const mode = fc.constantFrom('private' as const, 'shared' as const);
/** Well-formed members before and after the damaged one. */
const others = fc.constantFrom('', 'x=1', 'x="a, b"', 'x="a\\", b"', 'immutable', 'x, y=z');

describe('Cache-Control', () => {
  test('a damaged restriction counts as the restriction', () => {
    const member = fc
      .constantFrom(...RESTRICTIVE)
      .chain((name) => damaged(name).map((text) => ({ name, text })));
    fc.assert(
      fc.property(member, others, others, mode, ({ name, text }, before, after, mode) => {
        const rest = 'max-age=60, stale-while-revalidate=600, stale-if-error=600, s-maxage=60';
        const field = [rest, before, text, after].filter((part) => part !== '').join(', ');
        const actual = decisions(field, mode);
        const expected = decisions(`${rest}, ${name}`, mode);
        // The damage may also hide a permission that follows it, which makes the decision only stricter.
        if (!expected.stored) expect(actual.stored).toBe(false);
        if (expected.fresh === 'validate') expect(actual.fresh).toBe('validate');
        if (expected.stale === 'validate') expect(actual.stale).toBe('validate');
        if (!expected.onError) expect(actual.onError).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('a damaged permission counts as absent', () => {
    const member = fc.constantFrom('public', 'must-revalidate', 's-maxage').chain(damaged);
    fc.assert(
      fc.property(member, others, others, (text, before, after) => {
        const field = ['max-age=60', before, text, after].filter((part) => part !== '').join(', ');
        expect(decisions(field, 'shared', { authorization: 'user a' }).stored).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('a damaged lifetime is none', () => {
    const seconds = fc.oneof(
      fc.constantFrom(
        '',
        ' 60',
        '60 ;',
        '6 0',
        '-60',
        '+60',
        '6e1',
        '1.5',
        '"60',
        '60"',
        "'60'",
        '0x60',
        'Infinity',
      ),
      junk.filter((text) => text !== ' ' && text !== '\t').map((text) => `60${text}`),
      junk.map((text) => `${text}60`),
    );
    fc.assert(
      fc.property(seconds, fc.constantFrom('max-age', 's-maxage'), (text, name) => {
        expect(decisions(`public, ${name}=${text}`, 'shared').fresh).toBe('validate');
      }),
    );
  });

  test('no text makes the cache more permissive than it is without the text', () => {
    const text = fc.string({
      unit: fc.oneof(
        junk,
        fc.constantFrom('no-cache', 'public', 'max-age', 'private', ',', '=', '60', 'a', '-', '"'),
      ),
    });
    fc.assert(
      fc.property(text, mode, (text, mode) => {
        fc.pre(!/(?:^|[,\s])(?:public|max-age=60|private)[\t ]*(?:,|$)/.test(text));
        const base = decisions('no-store, no-cache, max-age=0, private', mode);
        expect(decisions(`no-store, no-cache, max-age=0, private, ${text}`, mode)).toEqual(base);
        // Before the well-formed directives too: a quote that is not closed must not hide them.
        expect(decisions(`${text}, no-store, no-cache, max-age=0, private`, mode).stored).toBe(base.stored);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('Vary', () => {
  const name = fc.constantFrom('cookie', 'authorization', 'accept', 'x-a');

  test('a well-formed list selects by each of its members; any other list matches nothing', () => {
    const member = fc.oneof(
      { weight: 3, arbitrary: name },
      fc.tuple(name, junk, name).map((parts) => parts.join('')),
    );
    const separator = fc.constantFrom(',', ', ', ' ,\t', ',,');
    fc.assert(
      fc.property(fc.array(fc.tuple(member, separator), { minLength: 1 }), (parts) => {
        const vary = parts.flat().join('');
        const wellFormed = parts.every(([text]) => /^[a-z-]+$/.test(text));
        const selecting = selectingFields({ cookie: 'user a', authorization: 'user a' }, { vary });
        if (!wellFormed) {
          expect(selecting).toBeUndefined();
          return;
        }
        const varies = parts.some(([text]) => text === 'cookie' || text === 'authorization');
        expect(matchesSelectingFields({ cookie: 'user b', authorization: 'user b' }, selecting!)).toBe(
          !varies,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('values match only if they differ at most in white space around commas outside of quotes', () => {
    const unit = fc.constantFrom('a', 'B', ',', ' ', '"', '\\', ';', '\u00a0');
    /** The meaning of a value, by a scan over its characters. */
    const meaning = (value: string) => {
      let quoted = false;
      const members = [''];
      for (let i = 0; i < value.length; i += 1) {
        const character = value[i]!;
        if (quoted && character === '\\' && i + 1 < value.length) {
          i += 1;
          members[members.length - 1] += character + value[i]!;
          continue;
        }
        if (character === '"') quoted = !quoted;
        if (character === ',' && !quoted) members.push('');
        else members[members.length - 1] += character;
      }
      if (quoted) return value;
      return JSON.stringify(
        members.map((one) => one.replace(/^[ \t]+|[ \t]+$/g, '')).filter((one) => one !== ''),
      );
    };
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), fc.string({ unit, maxLength: 6 }), (one, other) => {
        const selecting = selectingFields({ x: one }, { vary: 'x' })!;
        expect(matchesSelectingFields({ x: other }, selecting)).toBe(meaning(one) === meaning(other));
      }),
      { numRuns: 5000 },
    );
  });
});
