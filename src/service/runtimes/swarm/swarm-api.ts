import type Docker from 'dockerode';
import type { CreateServiceOptions } from 'dockerode';
import { RoundhouseError } from '../../errors.ts';
import { hasStatus } from '../docker/client.ts';
import type { Managers } from './managers.ts';
import { readNode, type SwarmNode } from './nodes.ts';
import {
  checkNodes,
  checkService,
  checkServices,
  checkTasks,
  type ServiceInfo,
  type TaskInfo,
} from './replies.ts';

/** The calls to the managers that the runtime makes, with replies of a checked shape. */
export class SwarmApi {
  readonly #managers: Managers;

  constructor(managers: Managers) {
    this.#managers = managers;
  }

  /** @param label selects services by `name=value`; without it, all are listed */
  async services(label?: string): Promise<ServiceInfo[]> {
    const filters = label === undefined ? {} : { label: [label] };
    return checkServices(
      await this.#managers.call('list', (docker, abortSignal) =>
        callsOf(docker).listServices({ filters, abortSignal }),
      ),
    );
  }

  /** @returns null if there is no such service */
  async service(idOrName: string): Promise<ServiceInfo | null> {
    try {
      const reply = await this.#managers.call('inspect', (docker, abortSignal) =>
        callsOf(docker).getService(idOrName).inspect({ abortSignal }),
      );
      return checkService(reply);
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  /** Tasks by a label of their service, or of one service. */
  async tasks(filters: { label: [string] } | { service: [string] }): Promise<TaskInfo[]> {
    return checkTasks(
      await this.#managers.call('tasks', (docker, abortSignal) =>
        callsOf(docker).listTasks({ filters, abortSignal }),
      ),
    );
  }

  /** All nodes by their ids. */
  async nodes(): Promise<Map<string, SwarmNode>> {
    const reply = await this.#managers.call('nodes', (docker, abortSignal) =>
      callsOf(docker).listNodes({ abortSignal }),
    );
    return new Map(checkNodes(reply).map((node) => [node.ID, readNode(node)]));
  }

  /**
   * Creates a service. Names are unique in a Swarm, so a call that is repeated finds the service that it has created.
   * @returns its id
   */
  async create(options: CreateServiceOptions & { Name: string }, timeoutMs: number): Promise<string> {
    try {
      const reply = (await this.#managers.call(
        'create',
        (docker, abortSignal) => callsOf(docker).createService({ ...options, abortSignal }),
        { timeoutMs },
      )) as { id?: unknown; ID?: unknown };
      const id = reply.ID ?? reply.id;
      if (typeof id === 'string' && id !== '') return id;
      throw new RoundhouseError('runtime_unavailable', 'Docker sent no id of the service that it created');
    } catch (error) {
      if (!hasStatus(error, 409)) throw error;
      const existing = await this.service(options.Name);
      if (!existing) throw error;
      return existing.ID;
    }
  }

  /**
   * Replaces the task of a service, with the same specification.
   * @returns false if there is no such service
   */
  async replaceTask(id: string, timeoutMs: number): Promise<boolean> {
    try {
      await this.#managers.call(
        'restart',
        async (docker, abortSignal) => {
          const service = callsOf(docker).getService(id);
          // The specification as it is, with the fields that are not read elsewhere.
          const info = (await service.inspect({ abortSignal })) as {
            Version: { Index: number };
            Spec: { TaskTemplate: { ForceUpdate?: number } };
          };
          const { TaskTemplate, ...spec } = info.Spec;
          const ForceUpdate = (TaskTemplate.ForceUpdate ?? 0) + 1;
          const version = info.Version.Index;
          await service.update({
            version,
            ...spec,
            TaskTemplate: { ...TaskTemplate, ForceUpdate },
            abortSignal,
          });
        },
        { timeoutMs },
      );
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) return false;
      throw error;
    }
  }

  /** Removes a service, and with it its container. Resolves also if it does not exist. */
  async remove(idOrName: string, timeoutMs: number): Promise<void> {
    try {
      await this.#managers.call(
        'remove',
        (docker, abortSignal) => callsOf(docker).getService(idOrName).remove({ abortSignal }),
        { timeoutMs },
      );
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  }
}

/** The calls of dockerode. Its types lack the signal, which most of them take nevertheless. */
interface SwarmCalls {
  listServices(options: object): Promise<unknown>;
  listTasks(options: object): Promise<unknown>;
  listNodes(options: object): Promise<unknown>;
  createService(options: object): Promise<unknown>;
  getService(id: string): {
    inspect(options: object): Promise<unknown>;
    update(options: object): Promise<unknown>;
    remove(options: object): Promise<unknown>;
  };
}

function callsOf(docker: Docker): SwarmCalls {
  return docker as unknown as SwarmCalls;
}
