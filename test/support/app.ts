import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { type App, buildApp, type Dependencies } from '../../src/app.ts';
import type { Clock } from '../../src/cache/index.ts';
import { type Config, readConfig } from '../../src/config/config.ts';
import type { EngineRuntime } from '../../src/engines/runtime.ts';
import { openRuntime } from '../../src/runtimes/open-runtime.ts';
import { settle } from './fake-clock.ts';
import { freePortRange } from './port-range.ts';

export const KEY = 'a-key-for-tests';
export const WITH_KEY = { 'x-api-key': KEY };

export interface TestAppOptions {
  /** Environment variables in place of the tests' own. */
  settings?: Record<string, string>;
  clock?: Clock;
  /** Default: local processes of the bundled emulated engine. */
  runtime?: EngineRuntime;
  vpnContainers?: Dependencies['vpnContainers'];
  /** Whether the engines are followed from the beginning. Default true. */
  start?: boolean;
}

/** The whole application, without a socket unless {@link listen} is called. */
export class TestApp implements AsyncDisposable {
  readonly app: App;
  readonly config: Config;
  readonly runtime: EngineRuntime;

  constructor(app: App, config: Config, runtime: EngineRuntime) {
    this.app = app;
    this.config = config;
    this.runtime = runtime;
  }

  /** Sends a request as it is, past the network. */
  inject(options: InjectOptions): Promise<LightMyRequestResponse> {
    return this.app.api.inject(options);
  }

  get(url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.inject({ method: 'GET', url, headers });
  }

  /** With the key, and with a JSON body if one is given. */
  post(url: string, payload?: object): Promise<LightMyRequestResponse> {
    return this.inject({ method: 'POST', url, headers: WITH_KEY, ...(payload && { payload }) });
  }

  /** With the key. */
  delete(url: string): Promise<LightMyRequestResponse> {
    return this.inject({ method: 'DELETE', url, headers: WITH_KEY });
  }

  /** Serves on a free port of 127.0.0.1; returns the base URL. */
  listen(): Promise<string> {
    return this.app.api.listen({ host: '127.0.0.1', port: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await rm(this.config.dataDir, { recursive: true });
  }
}

/** Puts the application together as `main.ts` does, and starts it. Dispose of it with `await using`. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const range = await freePortRange();
  const config = readConfig({
    ENGINE_RUNTIME: 'process',
    DATA_DIR: await mkdtemp(join(tmpdir(), 'roundhouse-test-')),
    PORT_RANGE_HOST: `${range.first}-${range.last}`,
    MIN_REPLICAS: '0',
    MAX_REPLICAS: '3',
    ...options.settings,
  });
  const runtime = options.runtime ?? (await openRuntime(config, () => {})).runtime;
  const app = await buildApp(config, {
    runtime,
    vpnContainers: options.vpnContainers ?? null,
    apiKey: KEY,
    version: '0.0.0-test',
    logger: pino({ level: 'silent' }),
    ...(options.clock && { clock: options.clock }),
  });
  await app.api.ready();
  if (options.start ?? true) {
    app.start();
    // The runtime's first list has been compared after this.
    await settle();
  }
  return new TestApp(app, config, runtime);
}
