import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatBytes, formatCount, plural } from '../../src/panel/lib/format.ts';
import { chooseLanguage, locale, setLanguage, t } from '../../src/panel/lib/i18n.ts';
import { es } from '../../src/panel/texts/es.ts';

const PANEL = join(import.meta.dirname, '../../src/panel');
const TEXT = /\bt\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;

afterEach(() => setLanguage('en', []));

describe('the catalogue', () => {
  const files = readdirSync(PANEL, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  const used = new Set(
    files.flatMap((name) =>
      [...readFileSync(join(PANEL, name), 'utf8').matchAll(TEXT)].map(([, single, double]) =>
        (single ?? double)!.replaceAll("\\'", "'"),
      ),
    ),
  );

  test('has the texts that the panel uses, and no others', () => {
    expect([...used].filter((text) => !(text in es))).toEqual([]);
    expect(Object.keys(es).filter((text) => !used.has(text))).toEqual([]);
  });

  test('has the placeholders of each text in its translation', () => {
    const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [text, translated] of Object.entries(es))
      expect(placeholders(translated), text).toEqual(placeholders(text));
  });

  // A sentence between two tags would be shown in English in every language.
  test.each(files.filter((name) => name.endsWith('.tsx')))('no sentence in %s is outside of it', (name) => {
    const source = readFileSync(join(PANEL, name), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, '');
    const bare = [...source.matchAll(/(?<![=\s])>\s*([A-Z][a-z]+[^<>{}();=]*)</g)].map(([, text]) =>
      text!.trim(),
    );
    const attributes = [...source.matchAll(/\s(?:title|aria-label|placeholder|action)="([A-Z][^"]*)"/g)];
    expect([...bare, ...attributes.map(([, text]) => text)].filter((text) => text !== 'Roundhouse')).toEqual(
      [],
    );
  });
});

test('texts, plurals, numbers and units follow the language and the country', async () => {
  expect([t('Engines'), plural(1, 'engine'), formatCount(12_345)]).toEqual(['Engines', '1 engine', '12,345']);
  await setLanguage('es', ['es-ES', 'en']);
  expect(locale()).toBe('es-ES');
  expect([t('Engines'), plural(1, 'engine'), plural(2, 'engine')]).toEqual([
    'Motores',
    '1 motor',
    '2 motores',
  ]);
  expect([formatCount(12_345), formatBytes(1.5e6)]).toEqual(['12.345', '1,5 MB']);
  expect(t('{name} stopped', { name: 'Canal {n}' })).toBe('Canal {n} se ha detenido');
});

test.each([
  ['auto', ['fr-FR', 'es-MX', 'en'], 'es'],
  ['auto', ['en-GB', 'es'], 'en'],
  ['auto', ['ca', 'fr'], 'en'],
  ['auto', [], 'en'],
  ['es', ['en'], 'es'],
] as const)('the language %s of a browser with %j is %s', (preferred, languages, expected) => {
  expect(chooseLanguage(preferred, languages)).toBe(expected);
});
