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

/**
 * Reads a table of settings from layers of variables, the first of which wins, under whichever of its names it
 * has a setting. An empty variable counts as unset. Every bad value adds a line to `faults`.
 */
export function readSettings<Table extends SettingsTable>(
  table: Table,
  layers: readonly Variables[],
  faults: string[],
): SettingsOf<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) values[name] = readSetting(setting, layers, faults);
  return values as SettingsOf<Table>;
}

function readSetting(setting: Setting<unknown>, layers: readonly Variables[], faults: string[]): unknown {
  const given = layers.flatMap((variables) => setting.env.map((name) => [name, variables[name]] as const));
  const [name, text] = given.find(([, value]) => value) ?? [];
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
 * Variables from a file in the format of `.env`: none where it is not there.
 * @throws ConfigError for a file that is there and cannot be read.
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
