import { parseMemorySize } from '../config/values.ts';

/** Platforms for which there is an image of the engine. */
export const PLATFORMS = ['amd64', 'arm32', 'arm64'] as const;
/** Versions of the engine for ARM. */
export const ARM_VERSIONS = ['3.2.13', '3.2.14'] as const;
/** Types of an engine's parameters. A flag has no value; sizes are in bytes. */
export const PARAMETER_TYPES = ['flag', 'string', 'int', 'bytes', 'path'] as const;

/** A parameter of the engine's command line. */
export interface EngineParameter {
  /** Such as `--live-cache-size`. */
  name: string;
  type: (typeof PARAMETER_TYPES)[number];
  value: string | number | boolean;
  /** Whether it is passed to engines. */
  enabled: boolean;
}

/** Settings of engines that take the place of ENGINE_VARIANT while they are enabled. */
export interface CustomVariant {
  enabled: boolean;
  platform: (typeof PLATFORMS)[number];
  arm_version: (typeof ARM_VERSIONS)[number];
  /** Such as `512m`; null for ENGINE_MEMORY_LIMIT. */
  memory_limit: string | null;
  parameters: EngineParameter[];
}

/** How the runtime starts an engine with these settings. */
export interface CustomEngine {
  platform: CustomVariant['platform'];
  armVersion: CustomVariant['arm_version'];
  /** Bytes; null for ENGINE_MEMORY_LIMIT. */
  memoryLimit: number | null;
  /** Arguments of the engine, without those that set its ports. */
  args: readonly string[];
}

/** Parameters that Roundhouse sets itself. */
const RESERVED = new Set(['--http-port', '--https-port']);
/** The command line of an image may be split at spaces, or interpreted by a shell. */
const SAFE_TEXT = /^[\w./:@%+,=-]*$/;

const flag = (name: string, enabled = false): EngineParameter => ({
  name,
  type: 'flag',
  value: enabled,
  enabled,
});
const of = (type: EngineParameter['type'], names: Record<string, string | number>): EngineParameter[] =>
  Object.entries(names).map(([name, value]) => ({ name, type, value, enabled: false }));

/**
 * The parameters that engines have, with their defaults. Only those that every engine needs are enabled.
 * @see https://docs.acestream.net/developers/engine-command-line-options/
 */
export function defaultParameters(): EngineParameter[] {
  return [
    flag('--client-console', true),
    flag('--bind-all', true),
    ...['--service-remote-access', '--allow-user-config', '--stats-report-peers'].map((name) => flag(name)),
    ...of('string', { '--access-token': '', '--service-access-token': '' }),
    ...of('path', { '--cache-dir': '', '--log-file': '' }),
    ...of('string', { '--live-cache-type': 'memory', '--vod-cache-type': 'disk' }),
    ...of('bytes', {
      '--live-cache-size': 268_435_456,
      '--vod-cache-size': 536_870_912,
      '--max-file-size': 2_147_483_648,
      '--log-max-size': 10_485_760,
    }),
    ...of('int', {
      '--vod-drop-max-age': 0,
      '--live-buffer': 10,
      '--vod-buffer': 5,
      '--refill-buffer-interval': 5,
      '--max-connections': 200,
      '--max-peers': 40,
      '--max-upload-slots': 4,
      '--auto-slots': 0,
      '--download-limit': 0,
      '--upload-limit': 0,
      '--port': 8621,
      '--webrtc-allow-outgoing-connections': 0,
      '--webrtc-allow-incoming-connections': 0,
      '--stats-report-interval': 60,
      '--slots-manager-use-cpu-limit': 0,
      '--core-skip-have-before-playback-pos': 0,
      '--core-dlr-periodic-check-interval': 10,
      '--check-live-pos-interval': 10,
      '--log-debug': 0,
      '--log-backup-count': 3,
    }),
  ];
}

/** The settings before the first change: those of the engine itself, and not enabled. */
export function defaultVariant(): CustomVariant {
  const platforms: Partial<Record<NodeJS.Architecture, CustomVariant['platform']>> = {
    arm: 'arm32',
    arm64: 'arm64',
  };
  return {
    enabled: false,
    platform: platforms[process.arch] ?? 'amd64',
    arm_version: '3.2.13',
    memory_limit: null,
    parameters: defaultParameters(),
  };
}

/** What is wrong with settings whose shape is right, or null. */
export function findProblem({ memory_limit, parameters }: CustomVariant): string | null {
  if (memory_limit !== null) {
    try {
      parseMemorySize(memory_limit);
    } catch (error) {
      return `memory_limit ${(error as Error).message}`;
    }
  }
  const names = new Set<string>();
  for (const parameter of parameters) {
    const problem = names.has(parameter.name) ? 'is given twice' : problemOf(parameter);
    if (problem) return `${parameter.name} ${problem}`;
    names.add(parameter.name);
  }
  return null;
}

function problemOf({ name, type, value, enabled }: EngineParameter): string | null {
  if (!/^--[a-z0-9][a-z0-9-]{0,63}$/.test(name)) return 'is not the name of a parameter';
  if (RESERVED.has(name)) return 'is set by Roundhouse';
  if (!enabled) return null;
  if (type === 'flag') return null;
  const isNumber = type === 'int' || type === 'bytes';
  if (isNumber)
    return Number.isSafeInteger(Number(value)) && value !== '' && typeof value !== 'boolean'
      ? null
      : 'must be a whole number';
  const isText = typeof value === 'string' && value !== '' && !value.startsWith('-') && SAFE_TEXT.test(value);
  return isText ? null : 'must be a text without spaces, quotes and other special characters';
}

/** Converts valid settings for the runtime, or returns null if they are not enabled. */
export function toCustomEngine(variant: CustomVariant): CustomEngine | null {
  if (!variant.enabled) return null;
  return {
    platform: variant.platform,
    armVersion: variant.arm_version,
    memoryLimit: variant.memory_limit === null ? null : parseMemorySize(variant.memory_limit),
    args: variant.parameters.flatMap(({ name, type, value, enabled }) => {
      if (!enabled) return [];
      return type === 'flag' ? [name] : [name, String(value)];
    }),
  };
}
