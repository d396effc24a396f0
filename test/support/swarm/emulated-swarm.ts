import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import recorded from '../../service/runtimes/swarm/recorded/docker-20.10.json' with { type: 'json' };

type Labels = Record<string, string>;
/** What is read of a service that is created. The rest is returned as it was sent. */
interface Spec {
  Mode?: object;
  TaskTemplate?: object;
  Name: string;
  Labels: Labels;
  EndpointSpec: { Ports: { PublishedPort: number }[] };
}
interface Service {
  ID: string;
  CreatedAt: string;
  Spec: Spec;
  Endpoint: { Ports: { PublishedPort: number }[] };
}
interface Task {
  ID: string;
  ServiceID: string;
  NodeID?: string;
  CreatedAt: string;
  DesiredState: string;
  Status: { State: string; Err?: string; ContainerStatus?: { ContainerID: string } };
}

/** A manager of a Swarm that only exists in memory. Its answers are those of a real one, with other ids and times. */
export class EmulatedSwarm {
  readonly services = new Map<string, Service>();
  readonly tasks = new Map<string, Task>();
  readonly nodes: (typeof recorded.nodes)[number][];
  /** Number of requests so far, by method and the first part of the path. */
  readonly requests = new Map<string, number>();
  /** The status with which all requests fail, or null. */
  failure: { status: number; message: string } | null = null;
  /** How new tasks turn out. */
  outcome: 'running' | 'rejected' | 'pending' = 'running';
  /** Services are created when it resolves. */
  creationsWaitFor: Promise<void> = Promise.resolve();
  readonly #servers = new Map<string, Server>();
  readonly #followers = new Set<ServerResponse>();

  constructor(nodeCount: number) {
    this.nodes = Array.from({ length: nodeCount }, (_, index) => ({
      ...structuredClone(recorded.nodes[0]!),
      ID: `node${index + 1}`.padEnd(25, 'x'),
      Description: { ...recorded.nodes[0]!.Description, Hostname: `node${index + 1}` },
      Status: { State: 'ready', Addr: `127.0.0.${index + 1}` },
    }));
  }

  /** Serves on a socket, as one more manager. */
  async listen(socket: string): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#servers.set(socket, server);
    server.listen(socket);
    await once(server, 'listening');
  }

  /** Ends the manager on a socket. */
  async end(socket: string): Promise<void> {
    const server = this.#servers.get(socket);
    this.#servers.delete(socket);
    server?.close();
    server?.closeAllConnections();
    if (server) await once(server, 'close');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((socket) => this.end(socket)));
  }

  /** Creates a service and its task, as `docker service create` does. @returns its id */
  create(spec: Spec): string {
    const ID = randomBytes(13).toString('hex').slice(0, 25);
    const CreatedAt = new Date().toISOString();
    const { Mode, TaskTemplate } = recorded.service.Spec;
    const Spec = { Mode, TaskTemplate, ...spec };
    const service = { ...recorded.service, ID, CreatedAt, Spec, Endpoint: spec.EndpointSpec };
    this.services.set(ID, service);
    const task = {
      ...structuredClone(recorded[this.outcome]),
      ID: `task${ID}`,
      ServiceID: ID,
      CreatedAt,
    } as Task;
    if (this.outcome === 'running') {
      task.NodeID = this.#leastLoaded();
      task.Status.ContainerStatus = { ContainerID: `container${ID}` };
    }
    this.tasks.set(ID, task);
    return ID;
  }

  /** Ends the container of a service. */
  fail(id: string): void {
    const task = this.tasks.get(id)!;
    task.DesiredState = 'shutdown';
    task.Status = { ...task.Status, State: 'failed', Err: 'task: non-zero exit (1)' };
  }

  /** Sends an event to all clients that follow events. */
  emit(event: object): void {
    for (const follower of this.#followers) follower.write(`${JSON.stringify(event)}\n`);
  }

  #leastLoaded(): string {
    const loads = Map.groupBy(this.tasks.values(), ({ NodeID }) => NodeID);
    const ready = this.nodes.filter(({ Status }) => Status.State === 'ready');
    return ready.toSorted((a, b) => (loads.get(a.ID)?.length ?? 0) - (loads.get(b.ID)?.length ?? 0))[0]!.ID;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://manager');
    const [, kind = '', id = ''] = pathname.split('/');
    const call = `${request.method} /${kind}`;
    this.requests.set(call, (this.requests.get(call) ?? 0) + 1);
    const reply = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (this.failure) return reply(this.failure.status, { message: this.failure.message });
    const filters = JSON.parse(searchParams.get('filters') ?? '{}') as Record<string, string[]>;
    switch (call) {
      case 'GET /_ping':
        return reply(200, 'OK');
      case 'GET /events':
        response.writeHead(200);
        response.flushHeaders();
        this.#followers.add(response);
        response.on('close', () => this.#followers.delete(response));
        return;
      case 'GET /nodes':
        return reply(200, this.nodes);
      case 'GET /tasks':
        return reply(
          200,
          [...this.tasks.values()].filter(({ ServiceID }) => this.#matches(ServiceID, filters)),
        );
      case 'POST /services': {
        const spec = JSON.parse(await text(request)) as Spec;
        await this.creationsWaitFor;
        const exists = [...this.services.values()].some(({ Spec }) => Spec.Name === spec.Name);
        if (exists)
          return reply(409, {
            message: 'rpc error: code = AlreadyExists desc = name conflicts with an existing object',
          });
        return reply(201, { ID: this.create(spec) });
      }
      case 'GET /services': {
        if (id === '')
          return reply(
            200,
            [...this.services.values()].filter(({ ID }) => this.#matches(ID, filters)),
          );
        const service = this.#find(id);
        return service ? reply(200, service) : reply(404, { message: `service ${id} not found` });
      }
      case 'DELETE /services': {
        const service = this.#find(id);
        if (!service) return reply(404, { message: `service ${id} not found` });
        this.services.delete(service.ID);
        this.tasks.delete(service.ID);
        this.emit({ Type: 'service', Action: 'remove', Actor: { ID: service.ID } });
        return reply(200, {});
      }
      default:
        return reply(404, { message: 'page not found' });
    }
  }

  #find(idOrName: string): Service | undefined {
    return (
      this.services.get(idOrName) ?? [...this.services.values()].find(({ Spec }) => Spec.Name === idOrName)
    );
  }

  #matches(id: string, { label = [], service = [] }: Record<string, string[]>): boolean {
    const labels = this.services.get(id)?.Spec.Labels ?? {};
    const hasLabel = label.every((text) => {
      const [name = '', value] = text.split('=');
      return labels[name] === value;
    });
    return hasLabel && (service.length === 0 || service.includes(id));
  }
}

async function text(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
