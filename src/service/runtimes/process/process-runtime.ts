import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Command, substitutePorts, splitCommand } from '../../engines/command.ts';
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
import { type EngineProcess, startProcess } from './engine-process.ts';
import { EngineRecords } from './engine-records.ts';
import { assertPortsFree } from './port-check.ts';
import { sampleEngines } from './sampling.ts';

/** Below the 3 s that stream proxies give every call, the removal of an engine included. */
const STOP_TIMEOUT_MS = 2000;

export interface ProcessRuntimeOptions {
  /** What to run, with `{http_port}` and `{https_port}`; null runs the bundled emulated engine. */
  command: string | null;
  /** Folder in which running engines are written down. */
  dataDir: string;
  /** Host under which clients reach the engines. */
  host: string;
  /** Whether the bundled engine listens on all addresses, not on 127.0.0.1 alone. */
  bindAll: boolean;
  /** What the engines are said to be started from. */
  variant: string;
  /** Milliseconds an engine has to end before it is killed. */
  stopTimeoutMs?: number;
  /** Takes what an operator should know of. */
  warn: (message: string) => void;
}

/**
 * Makes a runtime whose engines are local child processes, after ending those that a killed service left.
 * @throws Error for a command that cannot be understood or a data folder that cannot be used.
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<EngineRuntime> {
  const command = options.command === null ? bundledCommand(options.bindAll) : splitCommand(options.command);
  const settled = { stopTimeoutMs: STOP_TIMEOUT_MS, ...options };
  const records = await EngineRecords.open(options.dataDir);
  for (const name of await records.endOrphans(settled.stopTimeoutMs)) {
    options.warn(`Ended the engine ${name}, left behind by a service that was killed`);
  }
  return new ProcessRuntime(settled, command, records);
}

function bundledCommand(bindAll: boolean): Command {
  const program = fileURLToPath(new URL('./emulated-engine.ts', import.meta.url));
  const flags = ['--http-port', '{http_port}', '--https-port', '{https_port}', '--exit-with-parent'];
  return [process.execPath, program, ...flags, ...(bindAll ? ['--bind-all'] : [])];
}

interface Running {
  facts: RuntimeEngine;
  process: EngineProcess;
  /** Whether it ends because we end it. */
  removing: boolean;
  /** Settles once nothing is left of it. */
  gone: Promise<void>;
}

class ProcessRuntime implements EngineRuntime {
  readonly name = 'process';
  readonly isShared = false;
  readonly mapsPorts = false;
  readonly #options: Required<ProcessRuntimeOptions>;
  readonly #command: Command;
  readonly #records: EngineRecords;
  readonly #engines = new Map<string, Running>();
  /** From the beginning of a creation on: an engine of ours may not have bound its ports yet. */
  readonly #heldPorts = new Set<number>();
  /** Work that has to be over before the runtime is closed; all of it ends by itself. */
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
    return [...this.#engines.values()].map(({ facts }) => facts);
  }

  async inspect(id: string): Promise<RuntimeEngine | null> {
    return this.#engines.get(id)?.facts ?? null;
  }

  async create(spec: EngineSpec): Promise<RuntimeEngine> {
    if (this.#closing) throw new RoundhouseError('runtime_unavailable', 'The process runtime is closed');
    // Nothing maps ports here: an engine listens where its clients reach it.
    const ports = { ...spec.ports, containerHttp: spec.ports.hostHttp };
    return this.#track(this.#create({ ...spec, ports }));
  }

  async remove(id: string): Promise<void> {
    const running = this.#engines.get(id);
    if (!running) return;
    running.removing = true;
    const ended = await running.process.end(this.#options.stopTimeoutMs);
    if (!ended && this.#engines.has(id)) {
      throw new RoundhouseError('runtime_unavailable', `The engine ${id} cannot be ended`);
    }
    await running.gone;
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
    this.#holdPorts(spec.ports);
    let running: Running;
    try {
      await assertPortsFree(portsOf(spec.ports), this.#options.bindAll ? undefined : '127.0.0.1');
      running = await this.#start(spec);
    } catch (error) {
      this.#releasePorts(spec.ports);
      throw error;
    }
    await this.#writeDown(running);
    return running.facts;
  }

  async #start(spec: EngineSpec): Promise<Running> {
    const process = await startProcess(substitutePorts(this.#command, spec.ports), spec.env).catch((cause) => {
      throw new RoundhouseError('provisioning_failed', 'The engine program cannot be started', { cause });
    });
    const facts: RuntimeEngine = {
      id: randomBytes(32).toString('hex'),
      name: spec.name,
      host: this.#options.host,
      ports: spec.ports,
      labels: { ...spec.labels },
      vpnContainer: null,
      vpnContainerId: null,
      forwardedPort: null,
      variant: this.#options.variant,
      startedAt: process.startedAt,
    };
    const running: Running = {
      facts,
      process,
      removing: false,
      gone: process.exited.then(() => this.#track(this.#clearUp(running))),
    };
    this.#engines.set(facts.id, running);
    this.#listener?.onStarted(facts.id);
    return running;
  }

  async #writeDown({ facts, process }: Running): Promise<void> {
    try {
      await this.#records.add(facts.id, facts.name, process.pid);
    } catch (cause) {
      await this.remove(facts.id);
      throw new RoundhouseError('provisioning_failed', 'The data folder cannot be written to', { cause });
    }
    if (this.#engines.has(facts.id)) return;
    // It has ended meanwhile, and its record may have been written after it should have been removed.
    await this.#records.remove(facts.id);
    throw new RoundhouseError('provisioning_failed', 'The engine ended as soon as it was started');
  }

  async #clearUp({ facts, process, removing }: Running): Promise<void> {
    const { warn, stopTimeoutMs } = this.#options;
    this.#engines.delete(facts.id);
    this.#listener?.onStopped(facts.id);
    if (!removing) {
      void process.exitSummary.then((text) => warn(`The engine ${facts.name} ended by itself (${text})`));
    }
    // What it had started may outlive it and hold its ports.
    await process.end(stopTimeoutMs);
    this.#releasePorts(facts.ports);
    await this.#records.remove(facts.id).catch((error: Error) => warn(error.message));
  }

  #holdPorts(ports: EnginePorts): void {
    const taken = portsOf(ports).find((port) => this.#heldPorts.has(port));
    if (taken !== undefined) {
      throw new RoundhouseError('port_taken', `Port ${taken} is in use by another engine`);
    }
    for (const port of portsOf(ports)) this.#heldPorts.add(port);
  }

  #releasePorts(ports: EnginePorts): void {
    for (const port of portsOf(ports)) this.#heldPorts.delete(port);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pendingWork.add(work);
    const forget = () => this.#pendingWork.delete(work);
    work.then(forget, forget);
    return work;
  }
}

function portsOf({ containerHttp, containerHttps }: EnginePorts): number[] {
  return [containerHttp, containerHttps];
}
