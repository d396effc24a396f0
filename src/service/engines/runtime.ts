/** What the domain needs of whatever runs engines. Implementations live in `runtimes/`. */

/**
 * Clients give up after 3 s: an engine whose start takes longer is answered for as starting. With ten starts at
 * once on a busy machine, an answer at 2.5 s was at times too late.
 */
export const ANSWER_WITHIN_MS = 2000;

/** Ports of one engine, as its clients and the engine itself see them. */
export interface EnginePorts {
  /** Where clients reach the engine's HTTP API on its host. */
  hostHttp: number;
  /** What the engine itself listens on for HTTP. */
  containerHttp: number;
  /** What the engine itself listens on for HTTPS. */
  containerHttps: number;
}

/** What to start. */
export interface EngineSpec {
  name: string;
  ports: EnginePorts;
  /** The caller's labels; the runtime adds those by which it knows its own. */
  labels: Record<string, string>;
  env: Record<string, string>;
  /** Name of the VPN container whose network it is to use; unset: the runtime's own choice. */
  vpnContainer?: string;
  /** The VPN's forwarded port, for the engine to take its peers on. */
  forwardedPort?: number;
}

/** An engine as its runtime sees it. Only running and starting engines are engines. */
export interface RuntimeEngine {
  /** 64 hexadecimal digits. */
  id: string;
  name: string;
  /** The host under which clients reach `ports.hostHttp`. */
  host: string;
  ports: EnginePorts;
  /** The caller's labels, without the runtime's own. */
  labels: Record<string, string>;
  /** Name of the VPN container whose network the engine uses, or null. */
  vpnContainer: string | null;
  /** Id of that container when the engine was made. A recreated one has another: the engine is cut off then. */
  vpnContainerId: string | null;
  /** The VPN's forwarded port that it was started with, or null. */
  forwardedPort: number | null;
  /** The preset it was started from, or null where unknown. */
  variant: string | null;
  /** When the engine started, in milliseconds since the epoch; null while it is starting. */
  startedAt: number | null;
}

/** Counters of one engine at one moment. Bytes and nanoseconds since the engine started. */
export interface ResourceSample {
  /** When the sample was taken, in milliseconds since the epoch, with fractions. */
  takenAt: number;
  /** When the engine started, in milliseconds since the epoch. */
  startedAt: number;
  cpuNs: number;
  /** Memory in use, without the page cache. */
  memoryUsage: number;
  /** The memory limit, or the machine's memory where there is none. */
  memoryLimit: number;
  networkRx: number;
  networkTx: number;
  blockRead: number;
  blockWrite: number;
  /**
   * Which network namespace the network counters belong to: engines that share one name it alike. Null
   * where the engine uses its host's own network, whose counters are not the engine's: they read 0.
   */
  networkNamespace: string | null;
}

/** Which part of what an engine has written is to be read. */
export interface LogOptions {
  /** So many lines at most of what is there already. */
  tail: number;
  /** Whether to go on with what is written from now on, until the engine ends. */
  follow: boolean;
  /** Only what was written since, in milliseconds since the epoch; null for all. */
  since: number | null;
  /** Ends the reading. */
  signal: AbortSignal;
}

export interface RuntimeListener {
  /** An engine has started or its facts may have changed. */
  onStarted(id: string): void;
  /** An engine has stopped running, for whatever reason. */
  onStopped(id: string): void;
  /** The runtime can be reached (again): events may have been missed, so compare with `list()`. */
  onConnected(): void;
  /** The runtime cannot be reached; events are missed until `onConnected`. */
  onDisconnected(reason: Error): void;
}

/**
 * Runs engines. Every method has its own deadline and rejects with a RoundhouseError
 * `runtime_unavailable` where the runtime does not answer.
 */
export interface EngineRuntime {
  /** Whether other orchestrators can see and act on the same engines. */
  readonly isShared: boolean;
  readonly name: 'docker' | 'process';
  /** The preset that new engines are started from, `emulated` or `custom`. */
  readonly variant: string;
  /**
   * Whether an engine's ports are mapped to the host's, so that every engine may listen on the usual ones.
   * Otherwise engines share a network, and each needs ports of its own.
   */
  readonly mapsPorts: boolean;
  /** All managed engines that run or start. */
  list(): Promise<RuntimeEngine[]>;
  /** One managed engine, or null if there is none of that id, or it does not run. */
  inspect(id: string): Promise<RuntimeEngine | null>;
  /**
   * Starts an engine and answers once it is accepted as starting, before it serves, and about
   * `answerWithinMs` from now even if the start is still under way: {@link ANSWER_WITHIN_MS} if unset.
   * Rejects with `port_taken`, `image_missing`, `provisioning_failed` or `runtime_unavailable`; nothing is
   * left behind then.
   */
  create(spec: EngineSpec, answerWithinMs?: number): Promise<RuntimeEngine>;
  /** Stops and removes an engine. One that is already gone is no error. */
  remove(id: string): Promise<void>;
  /** Samples engines in parallel; one that has gone or cannot be read is left out. */
  sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>>;
  /**
   * What an engine has written to its standard output and error, as bytes, none of which can be relied on to be
   * text; null where there is no such engine. Rejects also with `logs_unavailable`. Iteration ends with what there
   * is, with the engine or as the signal aborts, and throws where the rest cannot be read.
   */
  logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null>;
  /** Follows starts and stops from now on; returns a function that ends it. Called once. */
  watch(listener: RuntimeListener): () => void;
  /** Releases connections; the process runtime also stops its engines. */
  close(): Promise<void>;
}
