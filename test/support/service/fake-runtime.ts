import { randomBytes } from 'node:crypto';
import type {
  EnginePorts,
  EngineRuntime,
  EngineSpec,
  LogOptions,
  ResourceSample,
  RuntimeEngine,
  RuntimeListener,
} from '../../../src/service/engines/runtime.ts';
import { RoundhouseError } from '../../../src/service/errors.ts';

/** Methods of the runtime that a test can hold or fail. */
export type RuntimeCall = 'list' | 'inspect' | 'create' | 'remove' | 'restart' | 'sample' | 'logs';

/**
 * A runtime in memory. Calls resolve at once with the state at the time of the call, unless a test holds or
 * fails them: a held call resolves later, with the state at the time of the call, as over a slow connection.
 */
export class FakeRuntime implements EngineRuntime {
  readonly name = 'process';
  readonly isShared: boolean = false;
  readonly variant = 'fake';
  readonly mapsPorts: boolean;
  settleMs = 0;
  /** Number of calls so far, by method. */
  readonly calls: Record<RuntimeCall, number> = {
    list: 0,
    inspect: 0,
    create: 0,
    remove: 0,
    restart: 0,
    sample: 0,
    logs: 0,
  };
  /** Specifications passed to `create`. */
  readonly specs: EngineSpec[] = [];
  /** The `maxWaitMs` of each of these calls, in milliseconds. */
  readonly maxWaitsMs: (number | undefined)[] = [];
  /** Ports in use by other programs. */
  readonly foreignPorts = new Set<number>();
  readonly engines = new Map<string, RuntimeEngine>();
  readonly samples = new Map<string, ResourceSample>();
  /** Returns the output of an engine. */
  readLog: (id: string, options: LogOptions) => AsyncIterable<Uint8Array> = async function* () {};
  closed = false;
  #heldCalls: { call: RuntimeCall; release: () => void }[] = [];
  readonly #holding = new Set<RuntimeCall>();
  readonly #errors = new Map<RuntimeCall, Error>();
  #listener: RuntimeListener | undefined;

  constructor(options: { mapsPorts?: boolean } = {}) {
    this.mapsPorts = options.mapsPorts ?? true;
  }

  list(): Promise<RuntimeEngine[]> {
    return this.#respond('list', () => [...this.engines.values()].map((engine) => ({ ...engine })));
  }

  inspect(id: string): Promise<RuntimeEngine | null> {
    return this.#respond('inspect', () => {
      const engine = this.engines.get(id);
      return engine ? { ...engine } : null;
    });
  }

  create(spec: EngineSpec, maxWaitMs?: number): Promise<RuntimeEngine> {
    this.specs.push(spec);
    this.maxWaitsMs.push(maxWaitMs);
    return this.#respond('create', () => {
      const used = new Set([...this.engines.values()].flatMap(({ ports }) => this.#hostPorts(ports)));
      const taken = this.#hostPorts(spec.ports).find((port) => used.has(port) || this.foreignPorts.has(port));
      if (taken !== undefined) throw new RoundhouseError('port_taken', `Port ${taken} is in use`);
      return this.start({
        name: spec.name,
        ports: spec.ports,
        labels: spec.labels,
        vpnContainer: spec.vpnContainer ?? null,
        forwardedPort: spec.forwardedPort ?? null,
      });
    });
  }

  remove(id: string): Promise<void> {
    return this.#respond('remove', () => this.stop(id));
  }

  restart(id: string): Promise<RuntimeEngine> {
    return this.#respond('restart', () => {
      const engine = this.engines.get(id)!;
      this.stop(id);
      return this.start({ ...engine, startedAt: Date.now() });
    });
  }

  sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    const sampling = this.#respond('sample', () => {
      const running = ids.filter((id) => this.engines.has(id) && this.samples.has(id));
      return new Map(running.map((id) => [id, this.samples.get(id)!]));
    });
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    return Promise.race([sampling, aborted]);
  }

  logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#respond('logs', () => (this.engines.has(id) ? this.readLog(id, options) : null));
  }

  watch(listener: RuntimeListener): () => void {
    this.#listener = listener;
    listener.onConnected();
    return () => {
      this.#listener = undefined;
    };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** Starts an engine and emits its event. */
  start(properties: Partial<RuntimeEngine> = {}): RuntimeEngine {
    const engine = this.startSilently(properties);
    this.#listener?.onStarted(engine.id);
    return { ...engine };
  }

  /** Starts an engine without an event. */
  startSilently(properties: Partial<RuntimeEngine> = {}): RuntimeEngine {
    const port = properties.ports?.hostHttp ?? 300 + this.engines.size;
    const engine: RuntimeEngine = {
      id: randomBytes(32).toString('hex'),
      name: `engine-${port}`,
      host: '127.0.0.1',
      ports: { hostHttp: port, containerHttp: 6878, containerHttps: 6879 },
      labels: {},
      vpnContainer: null,
      vpnContainerId: null,
      forwardedPort: null,
      variant: this.variant,
      image: 'acestream:fake',
      createdAt: Date.now(),
      startedAt: Date.now(),
      paused: false,
      ...properties,
    };
    this.engines.set(engine.id, engine);
    this.samples.set(engine.id, sampleOf(engine));
    return engine;
  }

  /** Stops an engine and emits its event. Does nothing for an unknown id. */
  stop(id: string, exitCode?: number): void {
    if (this.engines.delete(id)) this.#listener?.onStopped(id, exitCode);
  }

  /** Stops an engine without an event. */
  stopSilently(id: string): void {
    this.engines.delete(id);
  }

  /** Reports the connection as lost. */
  disconnect(reason = new Error('connection lost')): void {
    this.#listener?.onDisconnected(reason);
  }

  /** Reports the connection as restored. */
  connect(): void {
    this.#listener?.onConnected();
  }

  /** Emits the start event of an engine again, as after a change of its properties. */
  emitStarted(id: string): void {
    this.#listener?.onStarted(id);
  }

  /** Makes further calls of this method wait until {@link release}. */
  hold(call: RuntimeCall): void {
    this.#holding.add(call);
  }

  /** Resolves the waiting calls of this method, in order, and holds no more. */
  release(call: RuntimeCall): void {
    this.#holding.delete(call);
    const released = this.#heldCalls.filter((held) => held.call === call);
    this.#heldCalls = this.#heldCalls.filter((held) => held.call !== call);
    for (const { release } of released) release();
  }

  /** Number of waiting calls of this method. */
  waiting(call: RuntimeCall): number {
    return this.#heldCalls.filter((held) => held.call === call).length;
  }

  /** Makes further calls of this method reject. */
  fail(call: RuntimeCall, error: Error = new RoundhouseError('runtime_unavailable', 'no response')): void {
    this.#errors.set(call, error);
  }

  /** Ends {@link fail}. */
  recover(call: RuntimeCall): void {
    this.#errors.delete(call);
  }

  #hostPorts({ hostHttp, containerHttps }: EnginePorts): number[] {
    return this.mapsPorts ? [hostHttp] : [hostHttp, containerHttps];
  }

  async #respond<T>(call: RuntimeCall, act: () => T): Promise<T> {
    this.calls[call] += 1;
    const error = this.#errors.get(call);
    const result = error ? Promise.reject(error) : new Promise<T>((resolve) => resolve(act()));
    if (this.#holding.has(call)) {
      result.catch(() => {});
      await new Promise<void>((release) => this.#heldCalls.push({ call, release }));
    }
    return result;
  }
}

/** A sample whose values differ from engine to engine and field to field. */
export function sampleOf(engine: RuntimeEngine, change: Partial<ResourceSample> = {}): ResourceSample {
  const base = engine.ports.hostHttp;
  return {
    takenAt: (engine.startedAt ?? 0) + 1000,
    startedAt: engine.startedAt ?? 0,
    cpuNs: 250_000_000,
    memoryUsage: base * 1000,
    memoryLimit: base * 4000,
    networkRx: base + 1,
    networkTx: base + 2,
    blockRead: base + 3,
    blockWrite: base + 4,
    networkNamespace: engine.id,
    ...change,
  };
}
