import type { Config } from '../../config/config.ts';
import type { CustomEngine } from '../../engines/custom-variant.ts';
import type { EngineSpec } from '../../engines/runtime.ts';

type Ports = EngineSpec['ports'];

/** An engine image, and how its ports are set. */
export interface Variant {
  image: string;
  /** @param p2pPort port for peers; unset leaves it to the engine */
  env?(ports: Ports, p2pPort?: number): Record<string, string>;
  /** Default: the image's own command. */
  command?(ports: Ports, p2pPort?: number): string[];
}

/** Versions of the engine for ARM: ENGINE_ARM32_VERSION and ENGINE_ARM64_VERSION. */
export interface ArmVersions {
  arm32: string;
  arm64: string;
}

const JOPSIS = 'jopsis/acestream';
/** What every engine in a container needs. */
const COMMON_ARGS = ['--client-console', '--bind-all'];

/** A preset by its name in ENGINE_VARIANT. */
export function presetOf(variant: Config['engineVariant'], versions: ArmVersions): Variant {
  switch (variant) {
    case 'krinkuto11-amd64':
      return { image: 'ghcr.io/krinkuto11/acestream-http-proxy', env: proxyVariables };
    case 'jopsis-amd64':
      return forAmd64(COMMON_ARGS);
    case 'jopsis-arm32':
      return forArm('arm32', versions.arm32, COMMON_ARGS);
    case 'jopsis-arm64':
      return forArm('arm64', versions.arm64, COMMON_ARGS);
  }
}

/** The preset for the settings that an operator has made. */
export function customPreset({ platform, armVersion, args }: CustomEngine): Variant {
  return platform === 'amd64' ? forAmd64(args) : forArm(platform, armVersion, args);
}

function proxyVariables({ containerHttp, containerHttps }: Ports, p2pPort?: number): Record<string, string> {
  return {
    CONF: `--http-port=${containerHttp}\n--https-port=${containerHttps}\n--bind-all`,
    HTTP_PORT: `${containerHttp}`,
    HTTPS_PORT: `${containerHttps}`,
    BIND_ALL: 'true',
    ...(p2pPort === undefined ? {} : { P2P_PORT: `${p2pPort}` }),
  };
}

function forAmd64(args: readonly string[]): Variant {
  return {
    image: `${JOPSIS}:x64`,
    env: (ports, p2pPort) => ({ ACESTREAM_ARGS: withPorts(args, ports, p2pPort).join(' ') }),
  };
}

/** These images have no variable for arguments. */
function forArm(platform: 'arm32' | 'arm64', version: string, args: readonly string[]): Variant {
  return {
    image: `${JOPSIS}:${platform}-v${version}`,
    command: (ports, p2pPort) => ['python', 'main.py', ...withPorts(args, ports, p2pPort)],
  };
}

/** A forwarded port takes the place of a `--port` in the arguments. */
function withPorts(args: readonly string[], ports: Ports, p2pPort?: number): string[] {
  const at = args.indexOf('--port');
  const others = p2pPort === undefined || at < 0 ? args : args.toSpliced(at, 2);
  return [
    ...others,
    '--http-port',
    `${ports.containerHttp}`,
    '--https-port',
    `${ports.containerHttps}`,
    ...(p2pPort === undefined ? [] : ['--port', `${p2pPort}`]),
  ];
}
