import type { Setting } from './kinds.ts';
import { SETTINGS } from './settings.ts';

type Values = {
  [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

/** The whole configuration, checked. Times in seconds, sizes in bytes. */
export type Config = Readonly<Values>;

/** Every fault of the environment at once, so that one start shows all there is to mend. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(['The configuration has faults:', ...faults.map((fault) => `  ${fault}`)].join('\n'));
    this.faults = faults;
  }
}

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 * @throws ConfigError that lists every bad value.
 */
export function readConfig(env: NodeJS.ProcessEnv = {}): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    values[name] = readSetting(setting, env, faults);
  }
  const config = values as Values;
  if (faults.length === 0) faults.push(...contradictions(config));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(config);
}

function readSetting(setting: Setting<unknown>, env: NodeJS.ProcessEnv, faults: string[]): unknown {
  const name = setting.env.find((candidate) => env[candidate]);
  const text = name === undefined ? undefined : env[name];
  if (name === undefined || text === undefined) return setting.fallback;
  try {
    return setting.parse(text);
  } catch (error) {
    faults.push(`${name}=${JSON.stringify(shown(name, text))} ${(error as Error).message}`);
    return setting.fallback;
  }
}

/** A key must not reach the log through an error message. */
function shown(name: string, text: string): string {
  return name.endsWith('KEY') ? '…' : text.slice(0, 100);
}

function contradictions(config: Values): string[] {
  const faults: string[] = [];
  const ports = config.portRange.last - config.portRange.first + 1;
  if (config.minReplicas > config.maxReplicas) {
    faults.push(`MIN_REPLICAS (${config.minReplicas}) must not exceed MAX_REPLICAS (${config.maxReplicas})`);
  }
  if (ports < config.maxReplicas) {
    faults.push(`PORT_RANGE_HOST holds ${ports} ports, fewer than MAX_REPLICAS (${config.maxReplicas})`);
  }
  if (config.gluetunContainerName && config.dockerNetwork) {
    faults.push('GLUETUN_CONTAINER_NAME and DOCKER_NETWORK exclude each other: an engine has one network');
  }
  if (config.engineHost?.includes('{vpn}') && !config.gluetunContainerName) {
    faults.push('ENGINE_HOST holds {vpn}, but GLUETUN_CONTAINER_NAME names no VPN');
  }
  if (config.vpnMode === 'redundant') faults.push(...redundancyFaults(config));
  return faults;
}

function redundancyFaults(config: Values): string[] {
  const { gluetunContainerName: first, gluetunContainerName2: second } = config;
  if (!first || !second)
    return ['VPN_MODE=redundant needs GLUETUN_CONTAINER_NAME and GLUETUN_CONTAINER_NAME_2'];
  if (first === second)
    return [`GLUETUN_CONTAINER_NAME and GLUETUN_CONTAINER_NAME_2 must differ, and are both ${first}`];
  if (config.gluetunApiUrl && config.gluetunApiUrl === config.gluetunApiUrl2)
    return [`GLUETUN_API_URL and GLUETUN_API_URL_2 must differ, and are both ${config.gluetunApiUrl}`];
  return [];
}
