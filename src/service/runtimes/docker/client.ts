import { createRequire } from 'node:module';
import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { RoundhouseError } from '../../errors.ts';

const PING_TIMEOUT_MS = 1500;

/** The kinds of calls to the daemon. */
export type DockerCall =
  | 'list'
  | 'inspect'
  | 'create'
  | 'start'
  | 'stop'
  | 'restart'
  | 'remove'
  | 'stats'
  | 'logs'
  | 'wait'
  | 'tasks'
  | 'nodes'
  | 'ping';

/**
 * Called when a call ends, with its duration without the time in the queue. A call has failed if the daemon did
 * not respond or responded with a 5xx status; a response such as "no such container" is a success.
 */
export type CallObserver = (call: DockerCall, seconds: number, succeeded: boolean) => void;

/** An error response of the daemon. */
export interface DaemonError extends Error {
  statusCode: number;
  json?: { message?: string };
}

/** Whether an error is a response of the daemon with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): error is DaemonError {
  return isDaemonError(error) && statuses.includes(error.statusCode);
}

function isDaemonError(error: unknown): error is DaemonError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

/**
 * The error responses of each call that describe a container, and not the daemon: it does not exist, has stopped
 * already, or is in another state. Those of `create`, `start` and `logs` can all do so: a port is in use, or logs are
 * not kept.
 */
const DESCRIPTIVE: Readonly<Record<DockerCall, readonly number[] | 'all'>> = {
  list: [],
  inspect: [404],
  create: 'all',
  start: 'all',
  stop: [304, 404],
  restart: [404],
  remove: [404, 409],
  stats: [404, 409],
  logs: 'all',
  wait: [404],
  tasks: [],
  nodes: [],
  ping: [],
};

/** A client of the Docker daemon with a deadline for each call and a limit of concurrent calls. */
export class DockerClient {
  /** The underlying client. Use it only in the task of {@link call}. */
  readonly docker: Docker;
  readonly #timeoutMs: number;
  readonly #limit: <T>(task: () => Promise<T>) => Promise<T>;
  readonly #onCall: CallObserver;

  constructor(options: {
    /** `unix://…`, `tcp://…` or `http://…`; null for the default socket. */
    host: string | null;
    /** Default deadline of a call, in seconds. */
    timeoutS: number;
    /** Maximum number of concurrent calls. */
    concurrency: number;
    onCall?: CallObserver;
  }) {
    this.docker = connect(options.host);
    this.#timeoutMs = options.timeoutS * 1000;
    this.#limit = pLimit(options.concurrency);
    this.#onCall = options.onCall ?? (() => {});
  }

  /**
   * Makes one call. The deadline starts when the call is made, not when it is queued.
   * @param task makes the call; its signal aborts at the deadline or with `options.signal`
   * @param options.timeoutMs defaults to the client's
   * @throws DaemonError for an error response that describes the container
   * @throws RoundhouseError `runtime_unavailable` for any other error response and for none
   */
  call<T>(
    name: DockerCall,
    task: (abortSignal: AbortSignal) => Promise<T>,
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ) {
    const { timeoutMs = this.#timeoutMs, signal } = options;
    return this.#limit(() => this.#observed(name, () => callWithDeadline(task, timeoutMs, signal)));
  }

  /**
   * Checks that the daemon responds within 1.5 s, bypassing the queue.
   * @throws RoundhouseError `runtime_unavailable`
   */
  async ping(): Promise<void> {
    const ping: (options: { abortSignal: AbortSignal }) => Promise<unknown> = this.docker.ping.bind(
      this.docker,
    );
    await this.#observed('ping', () =>
      callWithDeadline((abortSignal) => ping({ abortSignal }), PING_TIMEOUT_MS),
    );
  }

  async #observed<T>(name: DockerCall, call: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    const end = (succeeded: boolean) => this.#onCall(name, (performance.now() - startMs) / 1000, succeeded);
    try {
      const result = await call();
      end(true);
      return result;
    } catch (error) {
      end(isDaemonError(error) && error.statusCode < 500);
      const descriptive = DESCRIPTIVE[name];
      if (!isDaemonError(error) || descriptive === 'all' || descriptive.includes(error.statusCode))
        throw error;
      const message = `Docker responded to a call (${name}) with status ${error.statusCode}`;
      throw new RoundhouseError('runtime_unavailable', message, { cause: error });
    }
  }
}

function connect(host: string | null): Docker {
  // Loaded here, since a service with local processes does not need its hundreds of modules.
  const Docker = createRequire(import.meta.url)('dockerode') as typeof import('dockerode');
  if (host === null) return new Docker({ socketPath: '/var/run/docker.sock' });
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  // Of `http:`, URL leaves out port 80.
  const { hostname, port } = new URL(host.replace(/^http:/, 'tcp:'));
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  return new Docker({ protocol: 'http', host: name, port: Number(port || 2375) });
}

/**
 * Races the task against the deadline as well as aborting it: when a connection breaks within a response,
 * docker-modem never settles. Unlike `withinDeadline`, it does not abort a task that has succeeded, because its
 * result may be a stream that is still to be read.
 */
async function callWithDeadline<T>(
  task: (abortSignal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const fail = (reason: Error) => {
    reject(reason);
    controller.abort(reason);
  };
  const timer = setTimeout(() => fail(new Error(`No response within ${timeoutMs / 1000} s`)), timeoutMs);
  const onOuterAbort = () => fail(outer?.reason);
  outer?.addEventListener('abort', onOuterAbort, { once: true });
  try {
    if (outer?.aborted) throw outer.reason;
    return await Promise.race([task(controller.signal), deadline]);
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error) throw error;
    throw new RoundhouseError('runtime_unavailable', 'Docker does not respond', { cause: error });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onOuterAbort);
  }
}
