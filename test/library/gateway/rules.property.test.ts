import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../src/library/gateway/rules/pattern.ts';
import { RuleSet } from '../../../src/library/gateway/rules/rule-set.ts';
import { WEB_PYTHON_RULES } from '../../../src/library/gateway/rules/web-python.ts';
import { matchGlob } from '../../../src/library/util/glob.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 12 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '*', '?'), maxLength: 8 });

describe('a compiled pattern', () => {
  test('matches the same texts as a translation to a regular expression, and as matchGlob', () => {
    fc.assert(
      fc.property(pattern, text, (glob, url) => {
        const source = glob
          .replaceAll(/[.\\/]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.');
        const expected = new RegExp(`^${source}$`, 's').test(url);
        expect(compilePattern(glob)(url)).toBe(expected);
        expect(matchGlob(glob, url)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('matches the texts that it was made from', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.array(text), (parts, gaps) => {
        const url = parts.map((part, i) => part + (i < parts.length - 1 ? (gaps[i] ?? '') : '')).join('');
        expect(compilePattern(parts.join('*'))(url)).toBe(true);
      }),
    );
  });

  test.each([
    ['https://cdn.jsdelivr.net/pyodide/*', 'https://cdn.jsdelivr.net/pyodide/v1/pyodide.js', true],
    ['https://cdn.jsdelivr.net/pyodide/*', 'https://evil.example/https://cdn.jsdelivr.net/pyodide/', false],
    ['*.whl', 'https://files.example/a.whl', true],
    ['*.whl', 'https://files.example/a.whl?x', false],
    ['https://api.example.com/v*/data', 'https://api.example.com/v2/data', true],
    ['https://api.example.com/v?/data', 'https://api.example.com/v22/data', false],
    ['https://a.example/x', 'https://a.example/X', false],
  ])('%s and %s: %s', (glob, url, expected) => {
    expect(compilePattern(glob)(url)).toBe(expected);
  });

  test('takes linear time for a pattern that makes regular expressions backtrack', () => {
    const matches = compilePattern(`${'*a'.repeat(30)}*b`);
    const started = performance.now();
    expect(matches('a'.repeat(100_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('a set of rules', () => {
  test('returns the first rule that matches, unless the URL is excluded', () => {
    const rules = new RuleSet([
      '!https://a.example/private/*',
      { match: 'https://a.example/*.js', ttlS: 1 },
      'https://a.example/*',
      '!*.map',
    ]);
    expect(rules.find('https://a.example/x.js')?.ttlS).toBe(1);
    expect(rules.find('https://a.example/x.css')?.match).toBe('https://a.example/*');
    expect(rules.find('https://a.example/private/x.js')).toBeUndefined();
    expect(rules.find('https://a.example/x.js.map')).toBeUndefined();
    expect(rules.find('https://b.example/x.js')).toBeUndefined();
  });

  test('an excluded URL never has a rule, in whatever order the rules are', () => {
    fc.assert(
      fc.property(
        fc.array(pattern.filter((p) => p !== '')),
        pattern.filter((p) => p !== ''),
        text,
        (globs, out, url) => {
          const rules = new RuleSet([...globs, `!${out}`].sort());
          if (compilePattern(out)(url)) expect(rules.find(url)).toBeUndefined();
          else expect(rules.find(url) !== undefined).toBe(globs.some((glob) => compilePattern(glob)(url)));
        },
      ),
    );
  });

  test('with 500 rules takes microseconds', () => {
    const rules = new RuleSet(Array.from({ length: 500 }, (_, i) => `https://host-${i}.example/*/file-*.js`));
    const started = performance.now();
    for (let i = 0; i < 1000; i += 1) rules.find('https://host-499.example/a/b/file-1.js');
    // 500 rules take about 10 µs; the limit leaves room for a loaded machine.
    expect((performance.now() - started) / 1000).toBeLessThan(0.5);
  });

  test.each([[{ match: '' }], [{ match: '*', ttlS: -1 }], [{ match: '*', maxBytes: Number.NaN }]])(
    'rejects %j',
    (rule) => {
      expect(() => new RuleSet([rule])).toThrow(RangeError);
    },
  );
});

test.each([
  ['https://cdn.jsdelivr.net/pyodide/v0.29.0/full/pyodide.asm.wasm', 30 * 24 * 3600],
  ['https://files.pythonhosted.org/packages/a/numpy-2.0.0-py3-none-any.whl', 30 * 24 * 3600],
  ['https://example.com/dist/own-1.0.tar.gz', 30 * 24 * 3600],
  ['https://pypi.org/simple/numpy/', 600],
  ['https://pyodide.org/console.html', 24 * 3600],
  ['https://example.com/', undefined],
])('the rules for Python keep %s for %s s', (url, ttlS) => {
  expect(new RuleSet(WEB_PYTHON_RULES).find(url)?.ttlS).toBe(ttlS);
});
