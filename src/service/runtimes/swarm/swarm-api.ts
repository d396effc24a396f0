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
  checkUpdatable,
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
    return await this.#managers.call(
      'list',
      (docker, abortSignal) => callsOf(docker).listServices({ filters, abortSignal }),
      { check: checkServices },
    );
  }

  /** @returns null if there is no such service */
  async service(idOrName: string): Promise<ServiceInfo | null> {
    try {
      return await this.#managers.call(
        'inspect',
        (docker, abortSignal) => callsOf(docker).getService(idOrName).inspect({ abortSignal }),
        { check: checkService },
      );
    } catch (error) {
      if (hasStatus(error, 404)) return null;
      throw error;
    }
  }

  /** Tasks by a label of their service, or of one service. */
  async tasks(filters: { label: [string] } | { service: [string] }): Promise<TaskInfo[]> {
    return await this.#managers.call(
      'tasks',
      (docker, abortSignal) => callsOf(docker).listTasks({ filters, abortSignal }),
      { check: checkTasks },
    );
  }

  /** All nodes by their ids. */
  async nodes(): Promise<Map<string, SwarmNode>> {
    const listed = await this.#managers.call(
      'nodes',
      (docker, abortSignal) => callsOf(docker).listNodes({ abortSignal }),
      { check: checkNodes },
    );
    return new Map(listed.map((node) => [node.ID, readNode(node)]));
  }

  /**
   * Creates a service. Names are unique in a Swarm, so a call that is repeated finds the service that it has created.
   * @returns its id
   */
  async create(options: CreateServiceOptions & { Name: string }, timeoutMs: number): Promise<string> {
    try {
      return await this.#managers.call(
        'create',
        (docker, abortSignal) => callsOf(docker).createService({ ...options, abortSignal }),
        { timeoutMs, check: createdId },
      );
    } catch (error) {
      if (!hasStatus(error, 409)) throw error;
      const existing = await this.service(options.Name);
      if (!existing || !isSame(existing.Spec.Labels ?? {}, options.Labels ?? {})) throw error;
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
          const info = checkUpdatable(await service.inspect({ abortSignal }));
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

  /** Removes a service and its container. Resolves also if there is no such service. */
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

/** The id of a created service. @throws RoundhouseError `runtime_unavailable` */
function createdId(reply: unknown): string {
  // Docker calls it `ID`, dockerode copies it from `id`.
  const { ID, id } = Object(reply) as { ID?: unknown; id?: unknown };
  const created = ID ?? id;
  if (typeof created === 'string' && created !== '') return created;
  throw new RoundhouseError('runtime_unavailable', 'Docker sent no id of the service that it created');
}

/** Whether a service has the labels of another one: the instance and the ports are among them. */
function isSame(labels: Record<string, string>, others: Record<string, string>): boolean {
  return Object.entries(others).every(([name, value]) => labels[name] === value);
}

/** The calls of dockerode. Its types lack the signal, although most of the calls accept it. */
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
