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

export type RuntimeCall = 'list' | 'inspect' | 'create' | 'remove' | 'sample' | 'logs';

/**
 * A runtime in memory. Calls answer at once with what is true when they are made, unless a test holds or
 * fails them: a held call answers late with what was true when it was made, as over a slow connection.
 */
export class FakeRuntime implements EngineRuntime {
  readonly name = 'process';
  readonly isShared: boolean = false;
  readonly variant = 'fake';
  readonly mapsPorts: boolean;
  /** Calls so far, by name. */
  readonly calls: Record<RuntimeCall, number> = {
    list: 0,
    inspect: 0,
    create: 0,
    remove: 0,
    sample: 0,
    logs: 0,
  };
  /** What `create` was called with. */
  readonly specs: EngineSpec[] = [];
  /** Within how long each of these calls was to answer, in milliseconds. */
  readonly answersWithin: (number | undefined)[] = [];
  /** Ports held by programs that are not engines. */
  readonly foreignPorts = new Set<number>();
  readonly engines = new Map<string, RuntimeEngine>();
  readonly samples = new Map<string, ResourceSample>();
  /** What engines have written. */
  readLog: (id: string, options: LogOptions) => AsyncIterable<Uint8Array> = async function* () {};
  closed = false;
  #held: { call: RuntimeCall; release: () => void }[] = [];
  readonly #holding = new Set<RuntimeCall>();
  readonly #faults = new Map<RuntimeCall, Error>();
  #listener: RuntimeListener | undefined;

  constructor(options: { mapsPorts?: boolean } = {}) {
    this.mapsPorts = options.mapsPorts ?? true;
  }

  list(): Promise<RuntimeEngine[]> {
    return this.#answer('list', () => [...this.engines.values()].map((engine) => ({ ...engine })));
  }

  inspect(id: string): Promise<RuntimeEngine | null> {
    return this.#answer('inspect', () => {
      const engine = this.engines.get(id);
      return engine ? { ...engine } : null;
    });
  }

  create(spec: EngineSpec, answerWithinMs?: number): Promise<RuntimeEngine> {
    this.specs.push(spec);
    this.answersWithin.push(answerWithinMs);
    return this.#answer('create', () => {
      const held = new Set([...this.engines.values()].flatMap(({ ports }) => this.#hostPorts(ports)));
      const taken = this.#hostPorts(spec.ports).find((port) => held.has(port) || this.foreignPorts.has(port));
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
    return this.#answer('remove', () => this.stop(id));
  }

  sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    const sampling = this.#answer('sample', () => {
      const running = ids.filter((id) => this.engines.has(id) && this.samples.has(id));
      return new Map(running.map((id) => [id, this.samples.get(id)!]));
    });
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    return Promise.race([sampling, aborted]);
  }

  logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#answer('logs', () => (this.engines.has(id) ? this.readLog(id, options) : null));
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

  /** An engine starts, and the runtime's events say so. */
  start(facts: Partial<RuntimeEngine> = {}): RuntimeEngine {
    const engine = this.startUnnoticed(facts);
    this.#listener?.onStarted(engine.id);
    return { ...engine };
  }

  /** An engine starts while nobody hears of it. */
  startUnnoticed(facts: Partial<RuntimeEngine> = {}): RuntimeEngine {
    const port = facts.ports?.hostHttp ?? 300 + this.engines.size;
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
      startedAt: Date.now(),
      ...facts,
    };
    this.engines.set(engine.id, engine);
    this.samples.set(engine.id, sampleOf(engine));
    return engine;
  }

  /** An engine stops, and the runtime's events say so. One that is not there is passed over. */
  stop(id: string): void {
    if (this.engines.delete(id)) this.#listener?.onStopped(id);
  }

  stopUnnoticed(id: string): void {
    this.engines.delete(id);
  }

  disconnect(reason = new Error('connection lost')): void {
    this.#listener?.onDisconnected(reason);
  }

  connect(): void {
    this.#listener?.onConnected();
  }

  /** Says again that an engine has started, as after a change of its facts. */
  announce(id: string): void {
    this.#listener?.onStarted(id);
  }

  /** From now on calls of this name wait until they are released. */
  hold(call: RuntimeCall): void {
    this.#holding.add(call);
  }

  /** Answers the calls of this name that wait, in order, and holds no more of them. */
  release(call: RuntimeCall): void {
    this.#holding.delete(call);
    const released = this.#held.filter((held) => held.call === call);
    this.#held = this.#held.filter((held) => held.call !== call);
    for (const { release } of released) release();
  }

  /** How many calls of this name wait. */
  waiting(call: RuntimeCall): number {
    return this.#held.filter((held) => held.call === call).length;
  }

  /** From now on calls of this name fail. */
  fail(call: RuntimeCall, error: Error = new RoundhouseError('runtime_unavailable', 'no answer')): void {
    this.#faults.set(call, error);
  }

  /** Calls of this name work again. */
  mend(call: RuntimeCall): void {
    this.#faults.delete(call);
  }

  #hostPorts({ hostHttp, containerHttps }: EnginePorts): number[] {
    return this.mapsPorts ? [hostHttp] : [hostHttp, containerHttps];
  }

  async #answer<T>(call: RuntimeCall, act: () => T): Promise<T> {
    this.calls[call] += 1;
    const fault = this.#faults.get(call);
    const answer = fault ? Promise.reject(fault) : new Promise<T>((resolve) => resolve(act()));
    if (this.#holding.has(call)) {
      answer.catch(() => {});
      await new Promise<void>((release) => this.#held.push({ call, release }));
    }
    return answer;
  }
}

/** What an engine uses: figures that differ from engine to engine and field to field. */
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
