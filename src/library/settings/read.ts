import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Setting } from './kinds.ts';

/** Settings by their names in code. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table of settings, by the same names. */
export type SettingsOf<Table extends SettingsTable> = {
  [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never;
};

/** Environment variables, such as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The configuration is invalid. Lists all problems, so that one start is enough to find and fix them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One line for each problem. */
  readonly problems: readonly string[];

  /** @param problems one line for each problem */
  constructor(problems: readonly string[]) {
    super(['Invalid configuration:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the settings of a table from several sources of variables.
 * @param layers the sources; an earlier one takes precedence over a later one. An empty variable counts as unset.
 * @param problems receives one line for each invalid value; the setting then has its default
 */
export function readSettings<Table extends SettingsTable>(
  table: Table,
  layers: readonly Variables[],
  problems: string[],
): SettingsOf<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) values[name] = readSetting(setting, layers, problems);
  return values as SettingsOf<Table>;
}

function readSetting(setting: Setting<unknown>, layers: readonly Variables[], problems: string[]): unknown {
  const candidates = layers.flatMap((variables) =>
    setting.env.map((name) => [name, variables[name]] as const),
  );
  const [name, text] = candidates.find(([, value]) => value) ?? [];
  if (name === undefined || text === undefined) return setting.defaultValue;
  try {
    return setting.parse(text);
  } catch (error) {
    problems.push(`${name}=${JSON.stringify(redact(setting, text))} ${(error as Error).message}`);
    return setting.defaultValue;
  }
}

/** Everything up to the last `@`, which may contain credentials. An invalid URL may have them in unusual places. */
const CREDENTIALS = /^([a-z]*:\/\/)?.*@/is;

/** Keeps secrets, and passwords in URLs, out of error messages and therefore out of the log. */
function redact({ isSecret }: Setting<unknown>, text: string): string {
  return isSecret ? '…' : text.replace(CREDENTIALS, '$1…@').slice(0, 100);
}

/**
 * Reads variables from a file in `.env` format. A missing file has no variables.
 * @throws ConfigError if the file exists and cannot be read
 */
export function readEnvFile(path: string): Variables {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Variables;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigError([`${path} cannot be read: ${message}`]);
  }
}
