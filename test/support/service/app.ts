import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { type Clock, createSystemClock } from '../../../src/library/cache/index.ts';
import { type App, buildApp, type Dependencies } from '../../../src/service/app.ts';
import { type Config, readConfig } from '../../../src/service/config/config.ts';
import type { PortRange } from '../../../src/service/config/values.ts';
import type { EngineRuntime } from '../../../src/service/engines/runtime.ts';
import { openRuntime } from '../../../src/service/runtimes/open-runtime.ts';
import { FakeClock, settle } from '../fake-clock.ts';
import { freePortRange } from '../http/port-range.ts';
import { FakeRuntime } from './fake-runtime.ts';

export const KEY = 'a-key-for-tests';
export const WITH_KEY = { 'x-api-key': KEY };

/** For engines that are not there: nothing answers where their health is asked for. */
const UNUSED_PORTS = { first: 200, last: 299 };

export interface TestAppOptions {
  /** Environment variables in place of the tests' own. */
  settings?: Record<string, string>;
  vpnContainers?: Dependencies['vpnContainers'];
  /** Whether the engines are followed from the beginning. Default true. */
  start?: boolean;
}

/** The whole application, without a socket unless {@link listen} is called. */
export class TestApp<R extends EngineRuntime = EngineRuntime, C extends Clock = Clock>
  implements AsyncDisposable
{
  readonly app: App;
  readonly config: Config;
  readonly runtime: R;
  readonly clock: C;

  constructor(parts: { app: App; config: Config; runtime: R; clock: C }) {
    this.app = parts.app;
    this.config = parts.config;
    this.runtime = parts.runtime;
    this.clock = parts.clock;
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

/** The application with real engines: local processes of the bundled emulated one. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const config = await readTestConfig(await freePortRange(), options);
  const { runtime } = await openRuntime(config, () => {});
  return build(config, runtime, createSystemClock(), options);
}

/** The application over a runtime in memory, in time that the test moves. */
export async function startFakeApp(
  options: TestAppOptions = {},
  runtime = new FakeRuntime(),
): Promise<TestApp<FakeRuntime, FakeClock>> {
  const config = await readTestConfig(UNUSED_PORTS, options);
  return build(config, runtime, new FakeClock(), options);
}

async function readTestConfig({ first, last }: PortRange, { settings }: TestAppOptions): Promise<Config> {
  return readConfig({
    ENGINE_RUNTIME: 'process',
    DATA_DIR: settings?.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'roundhouse-test-'))),
    PORT_RANGE_HOST: `${first}-${last}`,
    MIN_REPLICAS: '0',
    MIN_FREE_REPLICAS: '0',
    MAX_REPLICAS: '3',
    // Its reads would come among those that tests count.
    HISTORY_SAMPLE_INTERVAL_S: '0',
    ...settings,
  });
}

/** Puts the application together as `main.ts` does, and starts it. */
async function build<R extends EngineRuntime, C extends Clock>(
  config: Config,
  runtime: R,
  clock: C,
  { vpnContainers = null, start = true }: TestAppOptions,
): Promise<TestApp<R, C>> {
  const app = await buildApp(config, {
    runtime,
    vpnContainers,
    clock,
    apiKey: KEY,
    version: '0.0.0-test',
    logger: pino({ level: 'silent' }),
  });
  await app.api.ready();
  if (start) {
    app.start();
    // The runtime's first list has been compared after this.
    await settle();
  }
  return new TestApp({ app, config, runtime, clock });
}
