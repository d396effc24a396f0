import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Setting, Variables } from '../../library/settings/index.ts';
import { RoundhouseError } from '../errors.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { ensureFolder } from './data-folder.ts';
import { SETTINGS } from './settings.ts';

/** Settings that take effect without a restart: limits, intervals and notifications. */
export const LIVE_SETTINGS = [
  'minReplicas',
  'minFreeReplicas',
  'maxReplicas',
  'autoDelete',
  'gracePeriodS',
  'autoscaleIntervalS',
  'healthCheckIntervalS',
  'collectIntervalS',
  'notifyUrls',
  'notifyQuietS',
] as const satisfies readonly (keyof typeof SETTINGS)[];

/** Where the value of a setting comes from. */
export const SETTING_SOURCES = ['default', 'environment', 'file', 'override'] as const;

/** A setting, its value and where it comes from. */
export interface SettingState {
  /** Its environment variable. */
  name: string;
  /** As text. Secrets are masked. */
  value: string;
  source: (typeof SETTING_SOURCES)[number];
  /** The value that an override replaces, or null without an override. */
  replaced: string | null;
  default: string;
  unit: string;
  description: string;
  /** Whether it can be changed without a restart. */
  isLive: boolean;
  isSecret: boolean;
}

/** Where settings are configured. */
export interface SettingLayers {
  environment: Variables;
  /** The file `.env`. */
  file: Variables;
}

type Overrides = Readonly<Record<string, string>>;
type Name = keyof typeof SETTINGS;
const LIVE_BY_VARIABLE = new Map(LIVE_SETTINGS.map((name) => [SETTINGS[name].env[0] as string, name]));
const CREDENTIALS = /(:\/\/)[^/?#]*@/g;

/**
 * The settings of the service. Some can be changed while it runs; these overrides take precedence over the environment,
 * and are stored in `settings.json` in the data folder.
 */
export class Settings {
  /** The settings in effect. Its properties change with {@link change}. */
  readonly config: Config;
  readonly #layers: SettingLayers;
  readonly #path: string;
  readonly #listeners = new Set<(names: string[]) => void>();
  #overrides: Overrides;
  #changing: Promise<unknown> = Promise.resolve();

  /**
   * @param onWarning called for overrides that are ignored because they are not valid
   * @throws ConfigError if the configuration without the overrides is not valid
   */
  constructor(layers: SettingLayers, onWarning: (message: string) => void = () => {}) {
    this.#layers = layers;
    const configured = readConfig(layers.environment, layers.file);
    this.#path = join(configured.dataDir, 'settings.json');
    this.#overrides = readOverrides(this.#path, onWarning);
    this.config = { ...configured };
    try {
      Object.assign(this.config, this.#read(this.#overrides));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      onWarning(`ignoring the settings in ${this.#path}: ${error.problems.join('; ')}`);
      this.#overrides = {};
    }
  }

  /** All settings, in the order of the documentation. */
  list(): SettingState[] {
    return (Object.keys(SETTINGS) as Name[]).map((name) => this.#stateOf(name));
  }

  /**
   * Changes settings, all or none, and stores them.
   * @param changes new values as text by environment variable, or null for the value without the override
   * @throws RoundhouseError `invalid_config`, `settings_not_stored`
   */
  async change(changes: Readonly<Record<string, string | null>>): Promise<void> {
    const changing = this.#changing.then(() => this.#change(changes));
    this.#changing = changing.catch(() => {});
    await changing;
  }

  /** Calls a function with the changed variables after each change. */
  onChange(listener: (names: string[]) => void): void {
    this.#listeners.add(listener);
  }

  async #change(changes: Readonly<Record<string, string | null>>): Promise<void> {
    const fixed = Object.keys(changes).filter((name) => !LIVE_BY_VARIABLE.has(name));
    if (fixed.length > 0)
      throw new RoundhouseError(
        'invalid_config',
        `${fixed.join(', ')} cannot be changed while the service runs. These can: ${[...LIVE_BY_VARIABLE.keys()].join(', ')}`,
      );
    const overrides: Record<string, string> = { ...this.#overrides };
    for (const [name, text] of Object.entries(changes)) {
      if (text === null) delete overrides[name];
      // Empty text would count as unset.
      else overrides[name] = text === '' ? ' ' : text;
    }
    let values: Partial<Config>;
    try {
      values = this.#read(overrides);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new RoundhouseError('invalid_config', error.problems.join('; '));
    }
    await this.#write(overrides);
    this.#overrides = overrides;
    Object.assign(this.config, values);
    for (const listener of this.#listeners) listener(Object.keys(changes));
  }

  /** The live settings with these overrides. @throws ConfigError */
  #read(overrides: Overrides): Partial<Config> {
    const { environment, file } = this.#layers;
    const config = readConfig(overrides, environment, file);
    return Object.fromEntries(LIVE_SETTINGS.map((name) => [name, config[name]]));
  }

  #stateOf(name: Name): SettingState {
    const setting: Setting<unknown> = SETTINGS[name];
    const { environment, file } = this.#layers;
    const variable = setting.env[0];
    const override = this.#overrides[variable];
    const textIn = (layer: Variables) => setting.env.map((alias) => layer[alias]).find((text) => text);
    const [inEnvironment, inFile] = [textIn(environment), textIn(file)];
    const configured = inEnvironment ?? inFile;
    const defaultText =
      setting.defaultText ?? (setting.defaultValue === null ? 'unset' : String(setting.defaultValue));
    const shown = (text: string | undefined) => (text === undefined ? defaultText : mask(setting, text));
    const source = inEnvironment !== undefined ? 'environment' : inFile !== undefined ? 'file' : 'default';
    return {
      name: variable,
      value: shown(override ?? configured),
      source: override === undefined ? source : 'override',
      replaced: override === undefined ? null : shown(configured),
      default: defaultText,
      unit: setting.unit,
      description: setting.description,
      isLive: LIVE_BY_VARIABLE.has(variable),
      isSecret: setting.isSecret ?? false,
    };
  }

  async #write(overrides: Overrides): Promise<void> {
    try {
      ensureFolder(dirname(this.#path));
      // Readable for the service only: URLs of notifications are secrets.
      await writeFile(`${this.#path}.tmp`, JSON.stringify(overrides), { mode: 0o600 });
      await rename(`${this.#path}.tmp`, this.#path);
    } catch (cause) {
      throw new RoundhouseError('settings_not_stored', 'The settings cannot be written to DATA_DIR', {
        cause,
      });
    }
  }
}

/** Keeps secrets out of answers: whole values, credentials in URLs, and all but the host of a target. */
function mask(setting: Setting<unknown>, text: string): string {
  if (setting === SETTINGS.notifyUrls)
    return SETTINGS.notifyUrls
      .parse(text)
      .map(({ masked, level }) => (level === 'info' ? masked : `${masked}?level=${level}`))
      .join(' ');
  return setting.isSecret ? '…' : text.replace(CREDENTIALS, '$1…@');
}

/** Reads the overrides of settings that can be changed. */
function readOverrides(path: string, onWarning: (message: string) => void): Overrides {
  try {
    if (!existsSync(path)) return {};
    const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const isUsable = ([name, text]: [string, unknown]) =>
      LIVE_BY_VARIABLE.has(name) && typeof text === 'string';
    return Object.fromEntries(Object.entries(stored as object).filter(isUsable));
  } catch (error) {
    onWarning(`ignoring the settings in ${path}: ${(error as Error).message}`);
    return {};
  }
}
