/** One setting: where it comes from, what it may be, what it means. */
export interface Setting<T> {
  /** The environment variable; aliases follow the first name. */
  readonly env: readonly [string, ...string[]];
  readonly fallback: T;
  readonly unit: string;
  readonly description: string;
  /** Turns the text of the variable into a value; throws an Error that says what would be right. */
  readonly parse: (text: string) => T;
  /** Shown in the documentation in place of the default. */
  readonly fallbackText?: string;
}

type Names = string | readonly [string, ...string[]];

function setting<T>(
  names: Names,
  fallback: T,
  unit: string,
  description: string,
  parse: (text: string) => T,
) {
  const env = typeof names === 'string' ? ([names] as const) : names;
  return { env, fallback, unit, description, parse } satisfies Setting<T>;
}

function parseNumber(text: string, min: number, max: number, whole: boolean): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value));
  if (fits) return value;
  throw new Error(`must be a ${whole ? 'whole number' : 'number'} from ${min} to ${max}`);
}

export function seconds(env: Names, fallback: number, description: string, min = 0, max = 86_400) {
  return setting(env, fallback, 's', description, (text) => parseNumber(text, min, max, false));
}

export function integer(
  env: Names,
  fallback: number,
  unit: string,
  description: string,
  min: number,
  max: number,
) {
  return setting(env, fallback, unit, description, (text) => parseNumber(text, min, max, true));
}

export function flag(env: Names, fallback: boolean, description: string) {
  return setting(env, fallback, 'true or false', description, (text) => {
    if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true;
    if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return false;
    throw new Error('must be true or false');
  });
}

export function choice<const T extends string>(
  env: Names,
  options: readonly T[],
  fallback: T,
  description: string,
) {
  return setting<T>(env, fallback, options.join(', '), description, (text) => {
    const found = options.find((option) => option === text);
    if (found !== undefined) return found;
    throw new Error(`must be one of ${options.join(', ')}`);
  });
}

/** Text, or null where unset; `pattern` says what is allowed and `hint` says it in words. */
export function text(
  env: Names,
  unit: string,
  description: string,
  pattern = /^[^\p{Cc}]+$/u,
  hint = 'must be printable text',
) {
  return setting<string | null>(env, null, unit, description, (value) => {
    if (pattern.test(value)) return value;
    throw new Error(hint);
  });
}

/** Any value with a reading of its own. */
export function parsed<T>(
  env: Names,
  fallback: T,
  fallbackText: string,
  unit: string,
  description: string,
  parse: (text: string) => T,
): Setting<T> {
  return { ...setting(env, fallback, unit, description, parse), fallbackText };
}
