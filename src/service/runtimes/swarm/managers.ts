import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { RoundhouseError } from '../../errors.ts';
import { type DockerCall, type DockerClient, hasStatus } from '../docker/client.ts';
import { type ContainerEvent, followEvents } from '../docker/events.ts';
import type { ManagerClients } from './manager-clients.ts';

const RETRY_MS = 200;
/** Managers without a leader, or whose leader does not respond, send these. */
const WITHOUT_LEADER =
  /does not have a leader|no elected.*leader|not a swarm manager|rpc error: code = (Unavailable|DeadlineExceeded|Canceled|Aborted)|context deadline exceeded|raft/i;

/** Callbacks of {@link Managers.follow}. */
export interface ManagerFollower {
  onEvent(event: ContainerEvent): void;
  /** Called when events arrive, at first and again. Earlier ones are not repeated. */
  onConnected(): void;
  /** Called if no manager has responded for as long as a call may take. */
  onDisconnected(reason: Error): void;
}

/**
 * The managers of a Swarm. All of them give the same answers, so that any one will do: calls go to one of them, until
 * it does not respond.
 */
export class Managers {
  readonly #clients: ManagerClients;
  readonly #timeoutMs: number;
  /** Aborts calls to the current manager when it turns out not to respond. */
  #lost = new AbortController();

  /**
   * @param timeoutMs how long a call may take, over all managers
   */
  constructor(clients: ManagerClients, timeoutMs: number) {
    this.#clients = clients;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Makes one call to a manager that responds. A manager that does not respond, or has no leader, is not used for the
   * next call. Repeats the call on another one, so a call that changes something must be harmless if it is repeated.
   * @param options.check returns the reply, or throws `runtime_unavailable` if the manager, or a proxy in front of it,
   *   has sent something else
   * @throws DaemonError for an error response that describes the object of the call
   * @throws RoundhouseError `runtime_unavailable` if no manager has responded in time
   */
  async call<R, T = R>(
    name: DockerCall,
    task: (docker: Docker, abortSignal: AbortSignal) => Promise<R>,
    options: { timeoutMs?: number; signal?: AbortSignal; check?: (reply: R) => T } = {},
  ): Promise<T> {
    const dueMs = performance.now() + (options.timeoutMs ?? this.#timeoutMs);
    for (let attempt = 1; ; attempt += 1) {
      const client = this.#clients.current;
      const lost = this.#lost.signal;
      const signal = options.signal ? AbortSignal.any([options.signal, lost]) : lost;
      try {
        const timeoutMs = Math.max(1, dueMs - performance.now());
        const reply = await client.call(name, (abortSignal) => task(client.docker, abortSignal), {
          timeoutMs,
          signal,
        });
        return options.check ? options.check(reply) : (reply as unknown as T);
      } catch (error) {
        if (!isUnavailable(error) || options.signal?.aborted) throw error;
        this.#leave(client);
        if (performance.now() + RETRY_MS >= dueMs) throw toUnavailable(error);
        // Without a pause while there are managers that have not been tried.
        if (attempt >= this.#clients.all.length) await delay(RETRY_MS);
      }
    }
  }

  /** @throws RoundhouseError `runtime_unavailable` unless a manager responds */
  async ping(): Promise<void> {
    await Promise.any(this.#clients.all.map((client) => client.ping())).catch((error: AggregateError) => {
      throw error.errors[0];
    });
  }

  /**
   * Follows the events of the Swarm at the current manager, or at another one when it does not respond.
   * @returns a function that ends it
   */
  follow(filters: Record<string, string[]>, follower: ManagerFollower): () => void {
    let end = () => {};
    let ended = false;
    let failedSince: number | undefined;
    const followNext = () => {
      const client = this.#clients.current;
      end = followEvents(client, filters, {
        onEvent: (event) => follower.onEvent(event),
        onConnected: () => {
          failedSince = undefined;
          follower.onConnected();
        },
        onDisconnected: (reason) => {
          end();
          if (ended) return;
          this.#leave(client);
          failedSince ??= performance.now();
          if (performance.now() - failedSince >= this.#timeoutMs) follower.onDisconnected(reason);
          end = schedule(followNext);
        },
      });
    };
    followNext();
    return () => {
      ended = true;
      end();
    };
  }

  /** Selects the next manager, unless another call has done so already. */
  #leave(client: DockerClient): void {
    if (this.#clients.current !== client) return;
    this.#clients.advance();
    const lost = this.#lost;
    this.#lost = new AbortController();
    if (this.#clients.all.length > 1) lost.abort(new Error('Another manager is used'));
  }
}

function schedule(task: () => void): () => void {
  const timer = setTimeout(task, RETRY_MS);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Whether another manager, or the same one later, may answer the same call. */
function isUnavailable(error: unknown): boolean {
  if (hasStatus(error, 503)) return true;
  if (hasStatus(error, 500)) return WITHOUT_LEADER.test(error.json?.message ?? error.message);
  return error instanceof RoundhouseError && error.code === 'runtime_unavailable';
}

function toUnavailable(error: unknown): RoundhouseError {
  if (error instanceof RoundhouseError) return error;
  return new RoundhouseError('runtime_unavailable', 'No manager of the Swarm can answer', { cause: error });
}
