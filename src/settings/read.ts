import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Setting } from './kinds.ts';

/** Settings by the name they have in the code. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

export type SettingsOf<Table extends SettingsTable> = {
  [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never;
};

export type Variables = Readonly<Record<string, string | undefined>>;

/** Every fault of the settings at once, so that one start shows all there is to mend. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(['The configuration has faults:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
    this.faults = faults;
  }
}

/** Reads a table of settings from variables, adding a line to `faults` for every bad value. */
export function readSettings<Table extends SettingsTable>(
  table: Table,
  variables: Variables,
  faults: string[],
): SettingsOf<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) values[name] = readSetting(setting, variables, faults);
  return values as SettingsOf<Table>;
}

function readSetting(setting: Setting<unknown>, variables: Variables, faults: string[]): unknown {
  const name = setting.env.find((candidate) => variables[candidate]);
  const text = name === undefined ? undefined : variables[name];
  if (name === undefined || text === undefined) return setting.fallback;
  try {
    return setting.parse(text);
  } catch (error) {
    faults.push(`${name}=${JSON.stringify(shown(name, text))} ${(error as Error).message}`);
    return setting.fallback;
  }
}

/** What may be a user and a password; where they are not as in a URL, that may be the very fault. */
const SECRET = /^([a-z]*:\/\/)?.*@/is;

/** Keys, and passwords in URLs, must not reach the log through an error message. */
function shown(name: string, text: string): string {
  return name.endsWith('KEY') ? '…' : text.replace(SECRET, '$1…@').slice(0, 100);
}

/**
 * The variables of the process over those of a file in the format of `.env`, which need not be there. An
 * empty variable counts as unset.
 * @throws ConfigError for a file that is there and cannot be read.
 */
export function readVariables(env: Variables, file: string): Variables {
  const set = Object.entries(env).filter(([, text]) => text);
  return { ...readEnvFile(file), ...Object.fromEntries(set) };
}

function readEnvFile(path: string): Variables {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Variables;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigError([`${path} cannot be read: ${message}`]);
  }
}
