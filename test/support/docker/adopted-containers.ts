import { waitUntil } from '../wait-until.ts';
import { docker as cli } from './docker-programs.ts';
import type { DockerService } from './docker-service.ts';
import type { SharedDocker } from './docker-setup.ts';

const ADOPT_DEADLINE_MS = 20_000;

/** Containers that were not provisioned but bear the service's label, and so are its engines. */
export class AdoptedContainers {
  readonly #docker: SharedDocker;
  readonly #service: DockerService;
  readonly #label: string;
  readonly #made: string[] = [];

  constructor(docker: SharedDocker, service: DockerService, label: string) {
    this.#docker = docker;
    this.#service = service;
    this.#label = label;
  }

  /** Runs a shell script. @returns the container's id, once it has been adopted */
  async run(script: string, ...options: string[]): Promise<string> {
    const { socket, busyboxImage } = this.#docker;
    const args = ['--detach', '--label', this.#label, ...options, busyboxImage, 'sh', '-c', script];
    const id = await cli(socket, 'run', ...args);
    this.#made.push(id);
    const adopted = async () => (await this.#service.get(`/engines/${id}`)).status === 200;
    await waitUntil('it is adopted', adopted, ADOPT_DEADLINE_MS);
    return id;
  }

  async removeAll(): Promise<void> {
    await cli(this.#docker.socket, 'rm', '--force', ...this.#made.splice(0));
  }
}
