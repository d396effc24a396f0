import type { ContainerCreateOptions } from 'dockerode';
import { splitCommand, substitutePorts } from '../../engines/command.ts';
import type { CustomEngine } from '../../engines/custom-variant.ts';
import type { EngineSpec } from '../../engines/runtime.ts';
import { writeLabels } from './labels.ts';
import type { DockerEngineOptions } from './options.ts';
import { customPreset, presetOf, type Variant } from './variants.ts';

/** The VPN container whose network an engine joins. */
export interface JoinedVpn {
  /** Its name. */
  vpnContainer: string;
  vpnContainerId: string;
}

/** Processes and threads of one engine. A Python engine with hundreds of peers uses about a hundred. */
export const MAX_PIDS = 1024;
/**
 * Capabilities that Docker grants by default and engines do not need. Images may start as root and change files and
 * users before they start the engine, so those capabilities remain.
 * @see https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
 */
export const DROPPED_CAPABILITIES = [
  'AUDIT_WRITE',
  'FSETID',
  'MKNOD',
  'NET_RAW',
  'SETFCAP',
  'SETPCAP',
  'SYS_CHROOT',
];

/** What an engine runs, and the labels by which it is recognised. The same for a container and a service. */
export interface EngineProgram {
  image: string;
  /** Undefined for the image's own. */
  command: string[] | undefined;
  /** Each as `NAME=value`. */
  env: string[];
  labels: Record<string, string>;
  /** Bytes, or null for no limit. */
  memoryLimit: number | null;
}

/** Chooses the program of an engine by the custom settings, ENGINE_IMAGE and ENGINE_COMMAND, or the preset. */
export function engineProgram(spec: EngineSpec, options: DockerEngineOptions): EngineProgram {
  const { ports, forwardedPort, custom } = spec;
  const preset = presetFor(options, custom);
  const usesPreset = custom !== undefined || options.command === null;
  const env = { ...(usesPreset ? preset.env?.(ports, forwardedPort) : {}), ...spec.env };
  const command = usesPreset
    ? preset.command?.(ports, forwardedPort)
    : [...substitutePorts(splitCommand(options.command ?? ''), ports, forwardedPort)];
  return {
    image: imageOf(options, custom),
    command,
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    labels: writeLabels(options.label, { ...options, variant: variantOf(options, custom) }, spec),
    memoryLimit: custom?.memoryLimit ?? options.memoryLimit,
  };
}

/** The options with which Docker creates an engine's container. */
export function createOptions(
  spec: EngineSpec & Partial<JoinedVpn>,
  options: DockerEngineOptions,
): ContainerCreateOptions {
  const { ports } = spec;
  const { image, command, env, labels, memoryLimit } = engineProgram(spec, options);
  const httpPort = `${ports.containerHttp}/tcp`;
  const published = options.network.kind === 'published';
  return {
    name: spec.name,
    Image: image,
    ...(command && { Cmd: command }),
    Env: env,
    Labels: labels,
    ...(published ? { ExposedPorts: { [httpPort]: {} } } : {}),
    HostConfig: {
      // A stopped container is of no use: its end is in the event log.
      AutoRemove: true,
      NetworkMode: networkMode(options, spec.vpnContainerId),
      PidsLimit: MAX_PIDS,
      CapDrop: DROPPED_CAPABILITIES,
      SecurityOpt: ['no-new-privileges:true'],
      ...(memoryLimit === null ? {} : { Memory: memoryLimit }),
      ...(options.network.kind === 'published'
        ? {
            PortBindings: {
              [httpPort]: [{ HostIp: options.network.address, HostPort: `${ports.hostHttp}` }],
            },
          }
        : {}),
    },
  };
}

/** The image of the custom settings, else ENGINE_IMAGE, or the image of the preset. */
export function imageOf(options: DockerEngineOptions, custom?: CustomEngine): string {
  const preset = presetFor(options, custom);
  return custom ? preset.image : (options.image ?? preset.image);
}

/** The name of the preset, or `custom`. */
export function variantOf(options: DockerEngineOptions, custom?: CustomEngine): string {
  return custom ? 'custom' : options.variant;
}

function presetFor({ variant, armVersions }: DockerEngineOptions, custom?: CustomEngine): Variant {
  return custom ? customPreset(custom) : presetOf(variant, armVersions);
}

function networkMode({ network }: DockerEngineOptions, vpnId: string | undefined): string {
  switch (network.kind) {
    case 'published':
      return 'default';
    case 'host':
      return 'host';
    case 'named':
      return network.network;
    case 'vpn':
      return `container:${vpnId}`;
  }
}
