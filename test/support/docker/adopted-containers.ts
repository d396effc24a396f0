import { waitUntil } from '../wait-until.ts';
import { docker as cli } from './docker-programs.ts';
import type { DockerService } from './docker-service.ts';
import type { SharedDocker } from './docker-setup.ts';

const ADOPT_TIMEOUT_MS = 20_000;

/** Containers that the service did not create, but adopts as engines because of their label. */
export class AdoptedContainers {
  readonly #docker: SharedDocker;
  readonly #service: DockerService;
  readonly #label: string;
  readonly #ids: string[] = [];

  constructor(docker: SharedDocker, service: DockerService, label: string) {
    this.#docker = docker;
    this.#service = service;
    this.#label = label;
  }

  /**
   * Runs a container with a shell script.
   * @param options options of `docker run`
   * @returns its id, when the service has adopted it
   */
  async run(script: string, ...options: string[]): Promise<string> {
    const { socket, busyboxImage } = this.#docker;
    const args = ['--detach', '--label', this.#label, ...options, busyboxImage, 'sh', '-c', script];
    const id = await cli(socket, 'run', ...args);
    this.#ids.push(id);
    const adopted = async () => (await this.#service.get(`/engines/${id}`)).status === 200;
    await waitUntil('the container is adopted', adopted, ADOPT_TIMEOUT_MS);
    return id;
  }

  /** Removes all containers that {@link run} created. */
  async removeAll(): Promise<void> {
    await cli(this.#docker.socket, 'rm', '--force', ...this.#ids.splice(0));
  }
}
