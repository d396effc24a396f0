import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

/** A service in docker-compose.yml, with the properties that tests use. */
export interface ComposeService {
  image?: string;
  build?: string | { target: string };
  container_name?: string;
  profiles?: string[];
  env_file?: { path: string; required?: boolean }[];
  environment?: Record<string, string | number>;
  command?: string[];
  user?: string;
  cgroup?: string;
  pids_limit?: number;
  mem_limit?: string;
  ports?: string[];
  volumes?: string[];
  /** Names of the networks. */
  networks: string[];
  /** Additional names of the service, by network. */
  aliases: Record<string, string[]>;
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  init?: boolean;
}

/** docker-compose.yml, with the properties that tests use. */
export interface Compose {
  services: Record<'roundhouse' | 'socket-proxy' | 'gluetun' | 'gluetun-2', ComposeService>;
  volumes: Record<string, unknown>;
  networks: Record<string, { name?: string; internal?: boolean } | null>;
}

/** Reads the project's docker-compose.yml and interpolates the variables in `env`, as compose does. */
export function readCompose(env: Readonly<Record<string, string>> = {}): Compose {
  const text = readFile();
  const interpolateValue = (_key: unknown, value: unknown) =>
    typeof value === 'string' ? interpolate(value, env) : value;
  const compose = parse(text, interpolateValue, { merge: true }) as Compose;
  for (const service of Object.values(compose.services)) {
    // A list of names, or an object with options by name.
    const networks = service.networks as string[] | Record<string, { aliases?: string[] } | null>;
    const options = Array.isArray(networks)
      ? Object.fromEntries(networks.map((name) => [name, null]))
      : networks;
    service.networks = Object.keys(options);
    service.aliases = Object.fromEntries(
      Object.entries(options).map(([name, option]) => [name, option?.aliases ?? []]),
    );
  }
  return compose;
}

/** Reads the service of docker-compose.yml with the changes of docker-compose.browser.yml, which compose appends to lists. */
export function readBrowserService(): ComposeService {
  const { roundhouse } = parse(readFile('docker-compose.browser.yml')).services as Record<
    string,
    ComposeService
  >;
  const base = readCompose().services.roundhouse;
  return {
    ...base,
    ...roundhouse,
    security_opt: [...(base.security_opt ?? []), ...(roundhouse?.security_opt ?? [])],
  };
}

/** Reads the comment at the top of the file, which explains how to use it. */
export function readHead(): string {
  return readFile().split(/^services:/m, 1)[0]!;
}

function readFile(name = 'docker-compose.yml'): string {
  return readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
}

/** Returns the `docker run` options for the security settings of a service. */
export function confinement(service: ComposeService): string[] {
  return [
    ...(service.read_only ? ['--read-only'] : []),
    ...(service.tmpfs ?? []).flatMap((path) => ['--tmpfs', path]),
    ...(service.cap_drop ?? []).flatMap((name) => ['--cap-drop', name]),
    // Paths are relative to the project.
    ...(service.security_opt ?? []).flatMap((option) => [
      '--security-opt',
      option.replace(/^seccomp:\.\//, `seccomp=${PROJECT}`),
    ]),
    ...(service.init ? ['--init'] : []),
    ...(service.user ? ['--user', service.user] : []),
    ...(service.pids_limit ? ['--pids-limit', `${service.pids_limit}`] : []),
    ...(service.mem_limit ? ['--memory', service.mem_limit] : []),
    ...(service.cgroup ? ['--cgroupns', service.cgroup] : []),
  ];
}

/** Replaces `${NAME-default}` and `${NAME:-default}`; the latter uses the default for an empty value too. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(:?)-([^}]*)\}/g, (_, name: string, orEmpty: string, fallback: string) => {
    const value = env[name];
    return value === undefined || (orEmpty && value === '') ? fallback : value;
  });
}
