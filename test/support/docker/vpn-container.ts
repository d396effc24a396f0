import { fileURLToPath } from 'node:url';
import type { Behaviour } from '../service/emulated-gluetun.ts';
import { docker as cli } from './docker-programs.ts';

const PROGRAM = fileURLToPath(new URL('../service/emulated-gluetun.ts', import.meta.url));
const HEALTH = 'busybox wget -q -O /dev/null http://127.0.0.1:8000/emulated/health';

/** The emulated Gluetun in a container with a health check, whose network engines can join. */
export class VpnContainer {
  /** Name of the container. */
  readonly name: string;
  /** Base URL of its control server. */
  readonly controlUrl: string;
  readonly #docker: { socket: string; engineImage: string };
  readonly #publishedPorts: readonly string[];

  /**
   * @param parts.controlPort port on 127.0.0.1 for its control server
   * @param parts.enginePorts ports on 127.0.0.1 for engines in its network, as `first-last`
   */
  constructor(
    docker: { socket: string; engineImage: string },
    parts: { name: string; controlPort: number; enginePorts: string },
  ) {
    const { name, controlPort, enginePorts } = parts;
    this.name = name;
    this.controlUrl = `http://127.0.0.1:${controlPort}`;
    this.#docker = docker;
    this.#publishedPorts = [`${controlPort}:8000`, `${enginePorts}:${enginePorts}`];
  }

  /** Creates and starts the container. */
  async run(): Promise<void> {
    const { socket, engineImage } = this.#docker;
    await cli(
      socket,
      ...['run', '--detach', '--name', this.name, '--stop-signal', 'KILL'],
      ...['--env', 'VPN_SERVICE_PROVIDER=example'],
      ...['--health-cmd', HEALTH, '--health-interval', '0.5s', '--health-retries', '2'],
      ...this.#publishedPorts.flatMap((ports) => ['--publish', `127.0.0.1:${ports}`]),
      ...['--volume', `${PROGRAM}:/engine/gluetun.ts:ro`, engineImage],
      ...['node', '/engine/gluetun.ts', '--port', '8000', '--host', '0.0.0.0'],
    );
  }

  /** Starts the container after it has stopped. */
  async start(): Promise<void> {
    await cli(this.#docker.socket, 'start', this.name);
  }

  /** Removes the container, even if it runs. */
  async remove(): Promise<void> {
    await cli(this.#docker.socket, 'rm', '--force', this.name);
  }

  /** Runs `docker inspect` with a format. */
  async inspect(format: string): Promise<string> {
    return await cli(this.#docker.socket, 'inspect', '--format', format, this.name);
  }

  /** Changes the behaviour of the emulated Gluetun. */
  async behave(behaviour: Partial<Behaviour>): Promise<void> {
    const options = { method: 'PUT', body: JSON.stringify(behaviour) };
    const reply = await fetch(`${this.controlUrl}/emulated/behaviour`, options);
    if (!reply.ok) throw new Error(`the emulated VPN responded with status ${reply.status}`);
  }
}
