import type { es } from '../texts/es.ts';

/** A text of the panel, in English: its name in the catalogues. */
export type Text = keyof typeof es;
/** The texts in one language. */
export type Catalogue = Readonly<Record<Text, string>>;
/** Values for the placeholders of a text, such as `{name}`. */
export type Values = Record<string, string | number>;

/** Languages of the panel. */
export const LANGUAGES = ['en', 'es'] as const;
/** A language of the panel, as in the `lang` attribute. */
export type Language = (typeof LANGUAGES)[number];

let catalogue: Catalogue | null = null;
let formats = 'en';

/** Returns a text in the language of the user, with its placeholders replaced. */
export function t(text: Text, values: Values = {}): string {
  const translated: string = catalogue?.[text] ?? text;
  return translated.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}

/** The locale of dates and numbers, such as `es-MX`. */
export function locale(): string {
  return formats;
}

/**
 * Chooses the language for a user.
 * @param preferred a language, or `auto` for the first of the browser that the panel has
 * @param languages those of the browser, the preferred one first
 */
export function chooseLanguage(preferred: Language | 'auto', languages: readonly string[]): Language {
  if (preferred !== 'auto') return preferred;
  const bases = languages.map((language) => language.split('-')[0]);
  return (
    LANGUAGES.find((language) => language === bases.find((base) => LANGUAGES.some((l) => l === base))) ?? 'en'
  );
}

/**
 * Loads the texts of a language. Dates and numbers have the form that is usual in the country of the browser, if its
 * language is the same.
 */
export async function setLanguage(language: Language, languages: readonly string[]): Promise<void> {
  catalogue = language === 'es' ? (await import('../texts/es.ts')).es : null;
  formats = languages.find((one) => one.split('-')[0] === language) ?? language;
}
