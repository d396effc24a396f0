/** The interface through which the domain runs engines. Implementations are in `runtimes/`. */

import type { CustomEngine } from './custom-variant.ts';

/**
 * How long `EngineRuntime.create` waits by default. Clients time out after 3 s, so an engine whose start
 * takes longer is reported as starting. A limit of 2.5 s was exceeded when a busy machine started ten at once.
 */
export const DEFAULT_CREATE_WAIT_MS = 2000;

/** Ports of one engine. */
export interface EnginePorts {
  /** Port of the engine's HTTP API on its host, for clients. */
  hostHttp: number;
  /** Port on which the engine itself listens for HTTP. */
  containerHttp: number;
  /** Port on which the engine itself listens for HTTPS. */
  containerHttps: number;
}

/** An engine to start. */
export interface EngineSpec {
  name: string;
  ports: EnginePorts;
  /** The caller's labels. The runtime adds its own. */
  labels: Record<string, string>;
  env: Record<string, string>;
  /** Takes the place of the runtime's preset. Default: the preset. Local processes ignore it. */
  custom?: CustomEngine;
  /** Name of the VPN container whose network the engine joins. Default: the runtime's choice. */
  vpnContainer?: string;
  /** The VPN's forwarded port, on which the engine accepts peers. */
  forwardedPort?: number;
}

/** The node of a Swarm on which an engine runs. */
export interface EngineNode {
  id: string;
  /** Its host name, which need not be unique. */
  name: string;
}

/** A starting or running engine, as its runtime reports it. */
export interface RuntimeEngine {
  /** Id of its container, 64 hexadecimal digits; in a Swarm, of its service, 25 letters and digits. */
  id: string;
  name: string;
  /** The node of the Swarm on which it runs. */
  node?: EngineNode;
  /** The host at which clients reach `ports.hostHttp`. */
  host: string;
  ports: EnginePorts;
  /** The caller's labels, without the runtime's own. */
  labels: Record<string, string>;
  /** Name of the VPN container whose network the engine uses, or null. */
  vpnContainer: string | null;
  /** Id of that container when the engine was created. A recreated container has another id and network. */
  vpnContainerId: string | null;
  /** The VPN's forwarded port that the engine was started with, or null. */
  forwardedPort: number | null;
  /** The preset it was started from, or null if unknown. */
  variant: string | null;
  /** Its image, or null if it does not run in a container. */
  image: string | null;
  /** When it was created, in milliseconds since the epoch. */
  createdAt: number;
  /** When the engine started, in milliseconds since the epoch; null while it is starting. */
  startedAt: number | null;
  /** Whether its processes are frozen, as by `docker pause`. It goes on as before when it is resumed. */
  paused: boolean;
}

/** Thrown by `EngineRuntime.create` if other orchestrators have started the last engines that are allowed. */
export class CapacityReachedError extends Error {
  override readonly name = 'CapacityReachedError';
}

/** One raw reading of an engine's counters. Bytes and nanoseconds since the engine started. */
export interface ResourceSample {
  /** When the sample was taken, in milliseconds since the epoch, with fractions. */
  takenAt: number;
  /** When the engine started, in milliseconds since the epoch. */
  startedAt: number;
  /** CPU time of all cores. */
  cpuNs: number;
  /** Memory in use at that time, without the page cache. */
  memoryUsage: number;
  /** The memory limit, or the machine's memory if there is no limit. */
  memoryLimit: number;
  networkRx: number;
  networkTx: number;
  blockRead: number;
  blockWrite: number;
  /**
   * Identifies the network namespace that the network counters belong to; engines in one namespace have the
   * same value. Null if the engine uses its host's network: the counters are then 0, because the host's
   * counters are not the engine's.
   */
  networkNamespace: string | null;
  /** Whether it is an earlier sample, because the engine's node has sent no current one. */
  isStale?: boolean;
}

/** A node of a Swarm, as its managers and its agent describe it. */
export interface RuntimeNode extends EngineNode {
  /** Address at which its engines are reached. */
  address: string;
  role: 'manager' | 'worker';
  /** Whether it leads the managers. */
  isLeader: boolean;
  /**
   * `ready`, `down`, `unknown` or `disconnected` as the managers see it; `lost` if neither its agent nor any of its
   * engines responds, although the managers have not noticed that yet.
   */
  state: string;
  /** When this state was first observed, in milliseconds since the epoch; for an absent node, when its absence was. */
  stateSince: number;
  /** Whether it gets tasks: `active`, `pause` or `drain`. */
  availability: string;
  labels: Record<string, string>;
  /** Cores, or null if unknown. */
  cpus: number | null;
  /** Memory in bytes, or null if unknown. */
  memory: number | null;
  dockerVersion: string | null;
  /** Whether its agent responds: `missing` if none has ever responded. */
  agent: 'connected' | 'unreachable' | 'missing' | 'not_configured';
  /** When that was first observed, in milliseconds since the epoch; null if no agents are configured. */
  agentSince: number | null;
  agentVersion: string | null;
  /** As of the latest samples; null if there are none. */
  load: { loadAverage: number; cpus: number; memoryTotal: number; memoryAvailable: number } | null;
}

/** A time in which something does not respond. */
export interface RuntimeOutage {
  /** When it was detected, in milliseconds since the epoch. */
  since: number;
  reason: string;
}

/** Selects which of an engine's logs to read. */
export interface LogOptions {
  /** Maximum number of existing lines. */
  tail: number;
  /** Whether to continue with new output until the engine stops. */
  follow: boolean;
  /** Skips output written before this time, in milliseconds since the epoch; null reads all. */
  since: number | null;
  /** Ends the iteration when aborted. */
  signal: AbortSignal;
}

/** Callbacks for changes of a runtime's engines. */
export interface RuntimeListener {
  /** Called when an engine has started or its properties may have changed. */
  onStarted(id: string): void;
  /**
   * Called when an engine has stopped, for any reason.
   * @param exitCode that of its program, if there is one
   * @param outOfMemory whether it was killed because it exceeded its memory limit
   * @param nodeLost whether it has stopped because its node is lost
   */
  onStopped(id: string, exitCode?: number, outOfMemory?: boolean, nodeLost?: boolean): void;
  /** Called when the state of a node, or of its agent, has changed. */
  onNodeChanged?(node: Pick<RuntimeNode, 'id' | 'name' | 'state' | 'availability' | 'agent'>): void;
  /** Called when no manager of a Swarm responds, with the reason, and with null when one responds again. */
  onManagersChanged?(outage: RuntimeOutage | null): void;
  /** Called when the runtime is connected, at first and again. Events may have been missed: compare `list()`. */
  onConnected(): void;
  /** Called when the connection is lost. Events are missed until `onConnected`. */
  onDisconnected(reason: Error): void;
}

/**
 * Runs engines. Every method has a deadline, and rejects with a RoundhouseError `runtime_unavailable` if the
 * runtime does not respond.
 */
export interface EngineRuntime {
  /** Whether other orchestrators can see and change the same engines. */
  readonly isShared: boolean;
  readonly name: 'docker' | 'process' | 'swarm';
  /** The preset of new engines, or `emulated` or `custom`. */
  readonly variant: string;
  /**
   * Whether each engine's ports are mapped to host ports, so that all engines can listen on the default ones.
   * Otherwise engines share a network, and each needs its own ports.
   */
  readonly mapsPorts: boolean;
  /** How long it usually takes, in milliseconds, until an engine that cannot run has exited. */
  readonly settleMs: number;
  /** Returns all managed engines that are starting or running. */
  list(): Promise<RuntimeEngine[]>;
  /** Returns one managed engine, or null if it does not exist or does not run. */
  inspect(id: string): Promise<RuntimeEngine | null>;
  /**
   * Starts an engine. Resolves once the start is accepted, before the engine serves requests, and after
   * about `maxWaitMs` even if the start is still in progress. A failed start leaves nothing behind.
   * @param maxWaitMs defaults to {@link DEFAULT_CREATE_WAIT_MS}
   * @throws RoundhouseError `port_taken`, `reserved_variable`, `image_missing`, `provisioning_failed` or
   *   `runtime_unavailable`; CapacityReachedError
   */
  create(spec: EngineSpec, maxWaitMs?: number): Promise<RuntimeEngine>;
  /** Stops and removes an engine. Resolves also if it no longer exists. */
  remove(id: string): Promise<void>;
  /**
   * Restarts an engine on the same ports and with the same settings. Resolves once its program runs again.
   * @returns the engine, whose id may be another one
   * @throws RoundhouseError `engine_not_found` or `provisioning_failed`
   */
  restart(id: string): Promise<RuntimeEngine>;
  /** Samples engines in parallel. Engines that are gone or cannot be read are missing from the result. */
  sample(ids: readonly string[], signal: AbortSignal): Promise<Map<string, ResourceSample>>;
  /**
   * Reads an engine's standard output and error as raw bytes, which need not be text. The iteration ends with
   * the existing output, when the engine stops or when the signal aborts, and throws on a read error.
   * @returns null if there is no such engine
   * @throws RoundhouseError `logs_unavailable`
   */
  logs(id: string, options: LogOptions): Promise<AsyncIterable<Uint8Array> | null>;
  /** The nodes as last seen. Only a Swarm has them. */
  nodes?(): RuntimeNode[];
  /** Why no manager of the Swarm responds, although the agents keep the engines current; null while one responds. */
  readonly managerOutage?: RuntimeOutage | null;
  /** Subscribes to starts and stops. Called once. @returns a function that ends the subscription */
  watch(listener: RuntimeListener): () => void;
  /** Closes connections. The process runtime also stops its engines. */
  close(): Promise<void>;
}
