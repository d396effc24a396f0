/** One setting: its environment variables, default, documentation and parser. */
export interface Setting<T> {
  /** Names of the environment variable; those after the first are aliases. */
  readonly env: readonly [string, ...string[]];
  /** Value if none of the variables is set. */
  readonly defaultValue: T;
  /** Unit or form of the value, for the documentation. */
  readonly unit: string;
  /** One sentence for the documentation. */
  readonly description: string;
  /**
   * Converts the text of the variable.
   * @throws Error whose message completes the sentence `NAME="text" …`, as in `must be true or false`
   */
  readonly parse: (text: string) => T;
  /** Description of the default for the documentation. Defaults to the default itself. */
  readonly defaultText?: string;
  /** Whether no part of the value may appear in logs, error messages or answers. */
  readonly isSecret?: true;
}

type Names = string | readonly [string, ...string[]];

function setting<T>(
  names: Names,
  defaultValue: T,
  unit: string,
  description: string,
  parse: (text: string) => T,
) {
  const env = typeof names === 'string' ? ([names] as const) : names;
  return { env, defaultValue, unit, description, parse } satisfies Setting<T>;
}

const DECIMAL = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;

function parseNumber(text: string, min: number, max: number, whole: boolean): number {
  // `Number` also accepts `0x10` and empty text.
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  const fits = value >= min && value <= max && (!whole || Number.isInteger(value));
  if (fits) return value;
  throw new Error(`must be a ${whole ? 'whole number' : 'number'} from ${min} to ${max}`);
}

/** A duration in seconds, fractions allowed, from `min` (default 0) to `max` (default 86,400: one day). */
export function seconds(env: Names, defaultValue: number, description: string, min = 0, max = 86_400) {
  return setting(env, defaultValue, 's', description, (text) => parseNumber(text, min, max, false));
}

/** A whole number from `min` to `max`. */
export function integer(
  env: Names,
  defaultValue: number,
  unit: string,
  description: string,
  min: number,
  max: number,
) {
  return setting(env, defaultValue, unit, description, (text) => parseNumber(text, min, max, true));
}

/** A boolean: `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`, in any case. */
export function flag(env: Names, defaultValue: boolean, description: string) {
  return setting(env, defaultValue, 'true or false', description, (text) => {
    if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true;
    if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return false;
    throw new Error('must be true or false');
  });
}

/** One of the strings in `options`. */
export function choice<const T extends string>(
  env: Names,
  options: readonly T[],
  defaultValue: T,
  description: string,
) {
  return setting<T>(env, defaultValue, options.join(', '), description, (text) => {
    const found = options.find((option) => option === text);
    if (found !== undefined) return found;
    throw new Error(`must be one of ${options.join(', ')}`);
  });
}

/** Text that matches `pattern`, or null if unset. `hint` is the error message for text that does not match. */
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

/** A value with its own parser; see {@link Setting} for the parameters. */
export function parsed<T>(
  env: Names,
  defaultValue: T,
  defaultText: string,
  unit: string,
  description: string,
  parse: (text: string) => T,
): Setting<T> {
  return { ...setting(env, defaultValue, unit, description, parse), defaultText };
}

/** A setting whose value appears in no log, error message or answer. */
export function secret<T>(of: Setting<T>): Setting<T> & { readonly isSecret: true } {
  return { ...of, isSecret: true };
}
