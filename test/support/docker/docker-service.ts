import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type App, buildApp } from '../../../src/service/app.ts';
import { Settings } from '../../../src/service/config/settings-store.ts';
import { openRuntime } from '../../../src/service/runtimes/open-runtime.ts';
import { freePortRange } from '../http/port-range.ts';
import { waitUntil } from '../wait-until.ts';
import type { SharedDocker } from './docker-setup.ts';

/** API key of the services that tests start. */
export const API_KEY = 'the-key-of-the-tests';
const READY_TIMEOUT_MS = 20_000;

/** A response with its parsed JSON body. */
export interface Reply<T> {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  body: T;
}

/** The application with a real Docker daemon or Swarm. Requests are injected, without a socket. */
export class DockerService {
  /** The application. */
  readonly app: App;
  readonly #dataDir: string;

  constructor(app: App, dataDir: string) {
    this.app = app;
    this.#dataDir = dataDir;
  }

  /** Sends a GET request. */
  async get<T = Record<string, unknown>>(url: string): Promise<Reply<T>> {
    return await this.#request<T>({ method: 'GET', url });
  }

  /** Sends a write with the API key. */
  async write<T = Record<string, unknown>>(
    method: 'POST' | 'DELETE',
    url: string,
    body?: object,
  ): Promise<Reply<T>> {
    const headers = { 'x-api-key': API_KEY };
    return await this.#request<T>({ method, url, headers, ...(body ? { payload: body } : {}) });
  }

  /** Provisions an engine. @throws Error unless the service responds with 200 */
  async provision(
    body: object = {},
  ): Promise<{ container_id: string; host_http_port: number; container_name: string }> {
    const reply = await this.write<Awaited<ReturnType<DockerService['provision']>>>(
      'POST',
      '/provision/acestream',
      body,
    );
    if (reply.status !== 200)
      throw new Error(`provisioning failed with status ${reply.status}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** Closes the application and deletes its data. */
  async close(): Promise<void> {
    await this.app.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  async #request<T>(request: object): Promise<Reply<T>> {
    const { statusCode, headers, payload } = await this.app.api.inject(request);
    return { status: statusCode, headers, body: JSON.parse(payload) as T };
  }
}

/** Returns a label that no containers of other tests have. */
export function uniqueLabel(): string {
  return `test.roundhouse=${randomBytes(8).toString('hex')}`;
}

/**
 * Starts the application on the daemon at `docker.socket` and waits until it is ready.
 * @param env settings in addition to the defaults of the tests
 */
export async function startDockerService(
  docker: Pick<SharedDocker, 'socket' | 'engineImage'>,
  env: NodeJS.ProcessEnv = {},
): Promise<DockerService> {
  const { first, last } = await freePortRange();
  return await startService({
    ENGINE_RUNTIME: 'docker',
    DOCKER_HOST: `unix://${docker.socket}`,
    ENGINE_IMAGE: docker.engineImage,
    PORT_RANGE_HOST: `${first}-${last}`,
    ...env,
  });
}

/**
 * Starts the application with any runtime, with a label and a data folder of its own and no engines, and waits until it
 * is ready.
 * @param warn called with the warnings of the runtime
 */
export async function startService(
  env: NodeJS.ProcessEnv,
  warn: (message: string) => void = () => {},
): Promise<DockerService> {
  const environment = {
    CONTAINER_LABEL: uniqueLabel(),
    MIN_REPLICAS: '0',
    MIN_FREE_REPLICAS: '0',
    DATA_DIR: env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'roundhouse-data-'))),
    ...env,
  };
  const settings = new Settings({ environment, file: {} });
  const { config } = settings;
  const logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });
  const { runtime, vpnContainers } = await openRuntime(config, warn);
  const app = await buildApp(settings, { runtime, vpnContainers, apiKey: API_KEY, version: '0.0.0', logger });
  const service = new DockerService(app, config.dataDir);
  app.start();
  await waitUntil(
    'the service is ready',
    async () => (await service.get('/readyz')).status === 200,
    READY_TIMEOUT_MS,
  );
  return service;
}
