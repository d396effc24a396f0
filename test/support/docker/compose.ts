import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A service of docker-compose.yml, as far as tests read it. */
export interface ComposeService {
  image?: string;
  build?: string;
  container_name?: string;
  profiles?: string[];
  env_file?: { path: string }[];
  environment: Record<string, string | number>;
  ports?: string[];
  volumes?: string[];
  networks: string[];
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  security_opt?: string[];
}

export interface Compose {
  services: Record<'roundhouse' | 'socket-proxy' | 'gluetun' | 'gluetun-2', ComposeService>;
  volumes: Record<string, unknown>;
  networks: Record<string, { name?: string; internal?: boolean } | null>;
}

/** The project's docker-compose.yml with the variables of `env` put in, as compose would. */
export function readCompose(env: Readonly<Record<string, string>> = {}): Compose {
  const text = readFile();
  const put = (_key: unknown, value: unknown) =>
    typeof value === 'string' ? interpolate(value, env) : value;
  return parse(text, put, { merge: true }) as Compose;
}

/** The comment at its head, which says how to use it. */
export function readHead(): string {
  return readFile().split(/^services:/m, 1)[0]!;
}

function readFile(): string {
  return readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
}

/** The options of `docker run` for what a service may do. */
export function confinement(service: ComposeService): string[] {
  return [
    ...(service.read_only ? ['--read-only'] : []),
    ...(service.tmpfs ?? []).flatMap((path) => ['--tmpfs', path]),
    ...(service.cap_drop ?? []).flatMap((name) => ['--cap-drop', name]),
    ...(service.security_opt ?? []).flatMap((option) => ['--security-opt', option]),
  ];
}

/** `${NAME-default}`, and `${NAME:-default}` whose default also stands in for an empty value. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(:?)-([^}]*)\}/g, (_, name: string, orEmpty: string, fallback: string) => {
    const value = env[name];
    return value === undefined || (orEmpty && value === '') ? fallback : value;
  });
}
