import Docker from 'dockerode';
import pLimit from 'p-limit';
import { RoundhouseError } from '../../errors.ts';

const PING_DEADLINE_MS = 1500;

/** The calls that are made to the daemon. */
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
  | 'ping';

/**
 * Told of each call as it ends, with the time since it had its turn. It has not succeeded if the daemon did
 * not answer or reports a fault of its own; "no such container" is an answer.
 */
export type CallObserver = (call: DockerCall, seconds: number, succeeded: boolean) => void;

/** A fault that the daemon itself reported. */
export interface DaemonError extends Error {
  statusCode: number;
  json?: { message?: string };
}

/** Whether an error is the daemon's own answer with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): error is DaemonError {
  return error instanceof Error && 'statusCode' in error && statuses.includes(error.statusCode as number);
}

/** The daemon, every call to which has a deadline; so many are under way at once. */
export class DockerClient {
  readonly docker: Docker;
  readonly #timeoutMs: number;
  readonly #limit: <T>(task: () => Promise<T>) => Promise<T>;
  readonly #onCall: CallObserver;

  constructor(options: {
    host: string | null;
    timeoutS: number;
    concurrency: number;
    onCall?: CallObserver;
  }) {
    this.docker = connect(options.host);
    this.#timeoutMs = options.timeoutS * 1000;
    this.#limit = pLimit(options.concurrency);
    this.#onCall = options.onCall ?? (() => {});
  }

  /**
   * Makes one call. The task gets a signal for the call's deadline, which runs from when the call is made,
   * not from when it began to wait for its turn.
   * @throws DaemonError for an answer that is an error; RoundhouseError `runtime_unavailable` for no answer.
   */
  call<T>(
    name: DockerCall,
    task: (abortSignal: AbortSignal) => Promise<T>,
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ) {
    const { timeoutMs = this.#timeoutMs, signal } = options;
    return this.#limit(() => this.#observed(name, () => callWithDeadline(task, timeoutMs, signal)));
  }

  /** Asks whether the daemon answers, out of turn. */
  async ping(): Promise<void> {
    const ping: (options: { abortSignal: AbortSignal }) => Promise<unknown> = this.docker.ping.bind(
      this.docker,
    );
    await this.#observed('ping', () =>
      callWithDeadline((abortSignal) => ping({ abortSignal }), PING_DEADLINE_MS),
    );
  }

  async #observed<T>(name: DockerCall, call: () => Promise<T>): Promise<T> {
    const begunMs = performance.now();
    const end = (succeeded: boolean) => this.#onCall(name, (performance.now() - begunMs) / 1000, succeeded);
    try {
      const answer = await call();
      end(true);
      return answer;
    } catch (error) {
      end(error instanceof Error && 'statusCode' in error && (error as DaemonError).statusCode < 500);
      throw error;
    }
  }
}

function connect(host: string | null): Docker {
  if (host === null) return new Docker({ socketPath: '/var/run/docker.sock' });
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  const { hostname, port } = new URL(host.replace(/^tcp:/, 'http:'));
  return new Docker({ protocol: 'http', host: hostname, port: Number(port || 2375) });
}

/**
 * The deadline is raced as well as signalled: where a connection breaks within an answer, docker-modem
 * settles nothing, and waiting for it alone would never end.
 */
async function callWithDeadline<T>(
  task: (abortSignal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: Error) => {
    reject(reason);
    controller.abort(reason);
  };
  const timer = setTimeout(() => giveUp(new Error(`No answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const onOuterAbort = () => giveUp(outer?.reason);
  outer?.addEventListener('abort', onOuterAbort, { once: true });
  try {
    if (outer?.aborted) throw outer.reason;
    return await Promise.race([task(controller.signal), deadline]);
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error) throw error;
    throw new RoundhouseError('runtime_unavailable', 'Docker does not answer', { cause: error });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', onOuterAbort);
  }
}
