import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Command, splitCommand, substitutePorts } from '../../engines/command.ts';
import type {
  EnginePorts,
  EngineRuntime,
  EngineSpec,
  LogOptions,
  ResourceSample,
  RuntimeEngine,
  RuntimeListener,
} from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import { assertPortsFree } from '../port-check.ts';
import { assertCallerEnv } from './caller-env.ts';
import { type EngineProcess, startProcess } from './engine-process.ts';
import { EngineRecords } from './engine-records.ts';
import { sampleEngines } from './sampling.ts';

/** Below the 3 s after which stream proxies time out, also when they delete an engine. */
const STOP_TIMEOUT_MS = 2000;

/** Options of {@link createProcessRuntime}. */
export interface ProcessRuntimeOptions {
  /** Command with `{http_port}` and `{https_port}` placeholders; null runs the bundled emulated engine. */
  command: string | null;
  /** Directory for the records of running engines. */
  dataDir: string;
  /** Host at which clients reach the engines. */
  host: string;
  /** Whether the bundled engine listens on all addresses instead of 127.0.0.1. */
  bindAll: boolean;
  /** The variant that engines are reported with. */
  variant: string;
  /** Time between SIGTERM and SIGKILL. Default: 2000. */
  stopTimeoutMs?: number;
  /** Called with warnings for the operator. */
  warn: (message: string) => void;
}

/**
 * Creates a runtime whose engines are local child processes. Ends the engines that a killed service has left
 * running first.
 * @throws Error for an invalid command or a data directory that cannot be used
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<EngineRuntime> {
  const command = options.command === null ? bundledCommand(options.bindAll) : splitCommand(options.command);
  const allOptions = { stopTimeoutMs: STOP_TIMEOUT_MS, ...options };
  const records = await EngineRecords.open(options.dataDir);
  for (const name of await records.endOrphans(allOptions.stopTimeoutMs)) {
    options.warn(`Ended the engine ${name}, which a killed service had left running`);
  }
  return new ProcessRuntime(allOptions, command, records);
}

function bundledCommand(bindAll: boolean): Command {
  const program = fileURLToPath(new URL('./emulated-engine.cts', import.meta.url));
  const flags = ['--http-port', '{http_port}', '--https-port', '{https_port}', '--exit-with-parent'];
  return [process.execPath, program, ...flags, ...(bindAll ? ['--bind-all'] : [])];
}

interface Running {
  engine: RuntimeEngine;
  /** What it was started with. */
  spec: EngineSpec;
  process: EngineProcess;
  /** Whether its end was requested. */
  removing: boolean;
  /** Resolves when its processes have ended and its ports and record are released. */
  gone: Promise<void>;
}

class ProcessRuntime implements EngineRuntime {
  readonly name = 'process';
  readonly isShared = false;
  readonly mapsPorts = false;
  readonly settleMs = 300;
  readonly #options: Required<ProcessRuntimeOptions>;
  readonly #command: Command;
  readonly #records: EngineRecords;
  readonly #engines = new Map<string, Running>();
  /** Ports of all engines. Reserved before the start, because a starting engine does not listen yet. */
  readonly #reservedPorts = new Set<number>();
  /** Starts and cleanups in progress. Closing waits for them. */
  readonly #pendingWork = new Set<Promise<unknown>>();
  #listener: RuntimeListener | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: Required<ProcessRuntimeOptions>, command: Command, records: EngineRecords) {
    this.#options = options;
    this.#command = command;
    this.#records = records;
  }

  get variant(): string {
    return this.#options.variant;
  }

  async list(): Promise<RuntimeEngine[]> {
    return [...this.#engines.values()].map(({ engine }) => engine);
  }

  async inspect(id: string): Promise<RuntimeEngine | null> {
    return this.#engines.get(id)?.engine ?? null;
  }

  async create(spec: EngineSpec): Promise<RuntimeEngine> {
    if (this.#closing) throw new RoundhouseError('runtime_unavailable', 'The process runtime is closed');
    assertCallerEnv(spec.env);
    // Ports are not mapped, so an engine listens on the port that its clients use.
    const ports = { ...spec.ports, containerHttp: spec.ports.hostHttp };
    return this.#track(this.#create({ ...spec, ports }));
  }

  async remove(id: string): Promise<void> {
    const running = this.#engines.get(id);
    if (!running) return;
    running.removing = true;
    const ended = await running.process.end(this.#options.stopTimeoutMs);
    if (!ended && this.#engines.has(id)) {
      throw new RoundhouseError('runtime_unavailable', `The engine ${id} could not be ended`);
    }
    await running.gone;
  }

  async restart(id: string): Promise<RuntimeEngine> {
    const running = this.#engines.get(id);
    if (!running) throw new RoundhouseError('engine_not_found', 'No managed engine has this id');
    await this.remove(id);
    return await this.create(running.spec);
  }

  async sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>> {
    const engines = ids.flatMap((id) => {
      const running = this.#engines.get(id);
      return running ? [{ id, pid: running.process.pid, startedAt: running.process.startedAt }] : [];
    });
    const samples = await sampleEngines(engines);
    signal.throwIfAborted();
    return samples;
  }

  async logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#engines.get(id)?.process.output.read(options) ?? null;
  }

  watch(listener: RuntimeListener): () => void {
    this.#listener = listener;
    listener.onConnected();
    return () => {
      this.#listener = undefined;
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#pendingWork);
    await Promise.allSettled([...this.#engines.keys()].map((id) => this.remove(id)));
    await Promise.allSettled(this.#pendingWork);
  }

  async #create(spec: EngineSpec): Promise<RuntimeEngine> {
    this.#reservePorts(spec.ports);
    let running: Running;
    try {
      await assertPortsFree(portsOf(spec.ports), this.#options.bindAll ? undefined : '127.0.0.1');
      running = await this.#start(spec);
    } catch (error) {
      this.#releasePorts(spec.ports);
      throw error;
    }
    await this.#addRecord(running);
    return running.engine;
  }

  async #start(spec: EngineSpec): Promise<Running> {
    const process = await startProcess(substitutePorts(this.#command, spec.ports), spec.env).catch(
      (cause) => {
        throw new RoundhouseError('provisioning_failed', 'The engine program cannot be started', { cause });
      },
    );
    const engine: RuntimeEngine = {
      id: randomBytes(32).toString('hex'),
      name: spec.name,
      host: this.#options.host,
      ports: spec.ports,
      labels: { ...spec.labels },
      vpnContainer: null,
      vpnContainerId: null,
      forwardedPort: null,
      variant: this.#options.variant,
      image: null,
      createdAt: process.startedAt,
      startedAt: process.startedAt,
      paused: false,
    };
    const running: Running = {
      engine,
      spec,
      process,
      removing: false,
      gone: process.exited.then((exitCode) => this.#track(this.#cleanUp(running, exitCode))),
    };
    this.#engines.set(engine.id, running);
    this.#listener?.onStarted(engine.id);
    return running;
  }

  async #addRecord({ engine, process }: Running): Promise<void> {
    try {
      this.#records.add(engine.id, engine.name, process.pid);
    } catch (cause) {
      await this.remove(engine.id);
      throw new RoundhouseError(
        'provisioning_failed',
        `The engine cannot be recorded in DATA_DIR (${(cause as Error).message})`,
        { cause },
      );
    }
    if (this.#engines.has(engine.id)) return;
    // It has ended meanwhile, and its record may have been written after the cleanup tried to remove it.
    await this.#records.remove(engine.id);
    throw new RoundhouseError('provisioning_failed', 'The engine exited right after its start');
  }

  async #cleanUp({ engine, process, removing }: Running, exitCode: number | undefined): Promise<void> {
    const { warn, stopTimeoutMs } = this.#options;
    this.#engines.delete(engine.id);
    this.#listener?.onStopped(engine.id, exitCode);
    if (!removing) {
      void process.exitSummary.then((text) =>
        warn(`The engine ${engine.name} exited unexpectedly (${text})`),
      );
    }
    // Its child processes may still run and use its ports.
    await process.end(stopTimeoutMs);
    this.#releasePorts(engine.ports);
    await this.#records.remove(engine.id).catch((error: Error) => warn(error.message));
  }

  #reservePorts(ports: EnginePorts): void {
    const taken = portsOf(ports).find((port) => this.#reservedPorts.has(port));
    if (taken !== undefined) {
      throw new RoundhouseError('port_taken', `Port ${taken} is in use by another engine`);
    }
    for (const port of portsOf(ports)) this.#reservedPorts.add(port);
  }

  #releasePorts(ports: EnginePorts): void {
    for (const port of portsOf(ports)) this.#reservedPorts.delete(port);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pendingWork.add(work);
    const untrack = () => this.#pendingWork.delete(work);
    work.then(untrack, untrack);
    return work;
  }
}

function portsOf({ containerHttp, containerHttps }: EnginePorts): number[] {
  return [containerHttp, containerHttps];
}
