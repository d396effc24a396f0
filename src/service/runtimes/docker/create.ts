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
const MAX_PIDS = 1024;
/**
 * Capabilities that Docker grants by default and engines do not need. Images may start as root and change files and
 * users before they start the engine, so those capabilities remain.
 * @see https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
 */
const DROPPED_CAPABILITIES = [
  'AUDIT_WRITE',
  'FSETID',
  'MKNOD',
  'NET_RAW',
  'SETFCAP',
  'SETPCAP',
  'SYS_CHROOT',
];

/** The options with which Docker creates an engine's container. */
export function createOptions(
  spec: EngineSpec & Partial<JoinedVpn>,
  options: DockerEngineOptions,
): ContainerCreateOptions {
  const { ports, forwardedPort, custom } = spec;
  const preset = presetFor(options, custom);
  const usesPreset = custom !== undefined || options.command === null;
  const env = { ...(usesPreset ? preset.env?.(ports, forwardedPort) : {}), ...spec.env };
  const command = usesPreset
    ? preset.command?.(ports, forwardedPort)
    : [...substitutePorts(splitCommand(options.command ?? ''), ports, forwardedPort)];
  const memoryLimit = custom?.memoryLimit ?? options.memoryLimit;
  const httpPort = `${ports.containerHttp}/tcp`;
  const published = options.network.kind === 'published';
  return {
    name: spec.name,
    Image: imageOf(options, custom),
    ...(command && { Cmd: command }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: writeLabels(options.label, { ...options, variant: variantOf(options, custom) }, spec),
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
