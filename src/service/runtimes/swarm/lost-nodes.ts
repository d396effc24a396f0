import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Rounds of checks without any response, after the agent has been lost, until a node counts as lost. */
const MAX_SILENT_ROUNDS = 3;
const ROUND_MS = 1000;
const CONNECT_TIMEOUT_MS = 1000;

/** Where an engine accepts connections. */
export interface EngineAddress {
  host: string;
  port: number;
}

/**
 * Detects that a node is lost: neither its agent nor any of its engines responds. Swarm itself needs about 20 seconds.
 * If only the agent does not respond, it has been restarted, or its connection is interrupted.
 */
export class LostNodes {
  readonly #enginesOf: (nodeId: string) => EngineAddress[];
  readonly #onChanged: (nodeId: string, lost: boolean) => void;
  readonly #checks = new Map<string, AbortController>();
  readonly #lost = new Set<string>();

  /**
   * @param enginesOf the running engines of a node
   * @param onChanged called when a node is lost, or responds again
   */
  constructor(
    enginesOf: (nodeId: string) => EngineAddress[],
    onChanged: (nodeId: string, lost: boolean) => void,
  ) {
    this.#enginesOf = enginesOf;
    this.#onChanged = onChanged;
  }

  /** Ids of the nodes that are lost. */
  get ids(): ReadonlySet<string> {
    return this.#lost;
  }

  /** The agent of a node does not respond. */
  agentLost(nodeId: string): void {
    if (this.#checks.has(nodeId)) return;
    const ended = new AbortController();
    this.#checks.set(nodeId, ended);
    void this.#check(nodeId, ended.signal);
  }

  /** The agent of a node responds. */
  agentConnected(nodeId: string): void {
    this.#checks.get(nodeId)?.abort();
    this.#checks.delete(nodeId);
    if (this.#lost.delete(nodeId)) this.#onChanged(nodeId, false);
  }

  /** Keeps only these nodes: one that has been removed from the Swarm does not return. */
  retain(nodeIds: ReadonlySet<string>): void {
    for (const [nodeId, check] of this.#checks) {
      if (nodeIds.has(nodeId)) continue;
      check.abort();
      this.#checks.delete(nodeId);
      this.#lost.delete(nodeId);
    }
  }

  close(): void {
    for (const check of this.#checks.values()) check.abort();
    this.#checks.clear();
  }

  /** Checks the engines of a node until its agent responds again. */
  async #check(nodeId: string, ended: AbortSignal): Promise<void> {
    // Engines that were there when the agent was lost. Those of a lost node are no longer listed.
    let engines = this.#enginesOf(nodeId);
    for (let silentRounds = 0; !ended.aborted; ) {
      if (!this.#lost.has(nodeId)) engines = this.#enginesOf(nodeId);
      const responses = await Promise.all(engines.map((engine) => responds(engine, ended)));
      if (ended.aborted) return;
      silentRounds = responses.includes(true) ? 0 : silentRounds + 1;
      if (silentRounds === 0 && this.#lost.delete(nodeId)) this.#onChanged(nodeId, false);
      // Without engines, nothing is lost but the agent. Engines that are started later count once the node has responded.
      if (silentRounds === MAX_SILENT_ROUNDS && engines.length > 0 && !this.#lost.has(nodeId)) {
        this.#lost.add(nodeId);
        this.#onChanged(nodeId, true);
      }
      await delay(ROUND_MS, undefined, { signal: ended, ref: false }).catch(() => {});
    }
  }
}

/**
 * Whether a machine responds at the address of an engine. Also a refused connection is a response: the engine does not
 * listen yet, or has ended.
 */
function responds({ host, port }: EngineAddress, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      signal: AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]),
    });
    const settle = (responded: boolean) => {
      socket.destroy();
      resolve(responded);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => settle(code === 'ECONNREFUSED'));
  });
}
