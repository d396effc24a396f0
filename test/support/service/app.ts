import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import supertest, { type Response } from 'supertest';
import { type Clock, createSystemClock } from '../../../src/library/cache/index.ts';
import { type App, buildApp, type Dependencies } from '../../../src/service/app.ts';
import type { Config } from '../../../src/service/config/config.ts';
import { Settings } from '../../../src/service/config/settings-store.ts';
import type { PortRange } from '../../../src/service/config/values.ts';
import type { EngineRuntime } from '../../../src/service/engines/runtime.ts';
import { openRuntime } from '../../../src/service/runtimes/open-runtime.ts';
import { FakeClock, settle } from '../fake-clock.ts';
import { freePortRange } from '../http/port-range.ts';
import { waitUntil } from '../wait-until.ts';
import { FakeRuntime, type RuntimeCall } from './fake-runtime.ts';

export const KEY = 'a-key-for-tests';
export const WITH_KEY = { 'x-api-key': KEY };

const WAIT_MS = 10_000;

/** A connection per request: one that is kept alive might be closed by its application during the next request. */
const AGENT = new Agent({ keepAlive: false });

/** For fake engines: nothing listens on these ports, so health checks fail. */
const UNUSED_PORTS = { first: 200, last: 299 };

export interface TestAppOptions {
  /** Environment variables that override the defaults of {@link readTestSettings}. */
  settings?: Record<string, string>;
  vpnContainers?: Dependencies['vpnContainers'];
  /** Whether engines, VPN and timers are followed from the beginning. Defaults to true. */
  start?: boolean;
  /** Defaults to one that is silent. */
  logger?: Dependencies['logger'];
  /** Port of 127.0.0.1 to listen on. Defaults to a free one. */
  port?: number;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

export interface TestRequest {
  headers?: Record<string, string | string[]>;
  /** An object is sent as JSON. A string is sent as it is, with the content type of `headers`, if any. */
  body?: object | string;
}

/** The whole application, listening on 127.0.0.1. Requests to it go through supertest. */
export class TestApp<R extends EngineRuntime = EngineRuntime, C extends Clock = Clock>
  implements AsyncDisposable
{
  readonly app: App;
  readonly config: Config;
  readonly runtime: R;
  readonly clock: C;
  /** Where the application listens, such as `http://127.0.0.1:49152`. */
  readonly url: string;

  constructor(parts: { app: App; config: Config; runtime: R; clock: C; url: string }) {
    this.app = parts.app;
    this.config = parts.config;
    this.runtime = parts.runtime;
    this.clock = parts.clock;
    this.url = parts.url;
  }

  /** Sends a request. No redirect is followed, and no status rejects. */
  request(method: Method, path: string, request: TestRequest = {}): Promise<Response> {
    return sendRequest(this.app.api.server, method, path, request);
  }

  /** Sends a GET request, without the key unless `headers` contain it. */
  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request('GET', path, { headers });
  }

  /** Sends a POST request with the key, and with a JSON body if one is given. */
  post(path: string, body?: object): Promise<Response> {
    return this.request('POST', path, { headers: WITH_KEY, ...(body && { body }) });
  }

  /** Sends a DELETE request with the key. */
  delete(path: string): Promise<Response> {
    return this.request('DELETE', path, { headers: WITH_KEY });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await rm(this.config.dataDir, { recursive: true });
  }
}

/**
 * Sends a request to a server through supertest. A server that does not listen yet listens for the request
 * only.
 */
export async function sendRequest(
  server: Server,
  method: Method,
  path: string,
  { headers = {}, body }: TestRequest = {},
): Promise<Response> {
  const verb = method.toLowerCase() as Lowercase<Method>;
  const request = supertest(server)[verb](path).agent(AGENT).set(headers);
  if (typeof body !== 'string') return await request.send(body);
  // As a buffer: superagent gives a string without a content type that of a form.
  return await request.serialize((bytes) => bytes).send(Buffer.from(body));
}

/**
 * Waits until that many calls of a fake runtime are held. A request takes more than a turn of the event loop.
 */
export function untilHeld(app: TestApp<FakeRuntime>, call: RuntimeCall, count = 1): Promise<boolean> {
  return waitUntil(`${count} held: ${call}`, () => app.runtime.waiting(call) === count, WAIT_MS);
}

/** Waits until that many reads have missed the cache since the start. */
export function untilMisses(app: TestApp, count: number): Promise<boolean> {
  return waitUntil(`${count} misses`, () => app.app.cache.totals().misses === count, WAIT_MS);
}

/** The application with real engines: local processes of the bundled emulated engine. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const settings = await readTestSettings(await freePortRange(), options);
  const { runtime, fallback } = await openRuntime(settings.config, () => {});
  return build(settings, runtime, createSystemClock(), options, fallback);
}

/** The application with a runtime in memory and a clock that the test advances. */
export async function startFakeApp(
  options: TestAppOptions = {},
  runtime = new FakeRuntime(),
): Promise<TestApp<FakeRuntime, FakeClock>> {
  const settings = await readTestSettings(UNUSED_PORTS, options);
  return build(settings, runtime, new FakeClock(), options);
}

async function readTestSettings({ first, last }: PortRange, { settings }: TestAppOptions): Promise<Settings> {
  const environment = {
    ENGINE_RUNTIME: 'process',
    DATA_DIR: settings?.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'roundhouse-test-'))),
    PORT_RANGE_HOST: `${first}-${last}`,
    MIN_REPLICAS: '0',
    MIN_FREE_REPLICAS: '0',
    MAX_REPLICAS: '3',
    // Their reads would add to those that tests count.
    HISTORY_SAMPLE_INTERVAL_S: '0',
    CACHE_WARM_ON_START: 'false',
    ...settings,
  };
  return new Settings({ environment, file: {} });
}

/** Builds the application as `main.ts` does, listens, and starts it. */
async function build<R extends EngineRuntime, C extends Clock>(
  settings: Settings,
  runtime: R,
  clock: C,
  { vpnContainers = null, start = true, port = 0, logger = pino({ level: 'silent' }) }: TestAppOptions,
  fallback: Dependencies['fallback'] = null,
): Promise<TestApp<R, C>> {
  const app = await buildApp(settings, {
    runtime,
    vpnContainers,
    fallback,
    clock,
    apiKey: KEY,
    version: '0.0.0-test',
    logger,
  });
  const url = await app.api.listen({ host: '127.0.0.1', port });
  if (start) {
    app.start();
    // After this, the registry has the engines of the runtime's first list.
    await settle();
  }
  return new TestApp({ app, config: settings.config, runtime, clock, url });
}
