import { raceSignal } from '../util/race-signal.ts';
import type { StorageEntry } from './record-store.ts';
import type { Recording } from './recording.ts';

/** A response that requests other than the forwarded one may reuse, with its body. */
export interface ReusableResponse {
  readonly entry: StorageEntry;
  readonly body: Uint8Array;
  /** The origin failed, and this is the stored response served in place of its error. */
  readonly originFailed: boolean;
}

/** The outcome of a forwarded request, as the requests collapsed with it see it. */
export type ForwardOutcome = ReusableResponse | 'not reusable';

/**
 * A forwarded request whose response other requests wait for instead of being forwarded themselves. It
 * continues as long as its initiator (the request that was forwarded) or any waiter needs the response.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
 */
export class CollapsedRequest {
  readonly #outcome = Promise.withResolvers<ForwardOutcome>();
  #waiters = 0;
  #initiatorLeft = false;
  #abort: ((reason: Error) => void) | undefined;
  #recording: Recording | undefined;

  /** Resolves when the request has succeeded or failed; never rejects. */
  readonly ended: Promise<void> = this.#outcome.promise.then(
    () => {},
    () => {},
  );

  /** Whether any request waits for the outcome. */
  get hasWaiters(): boolean {
    return this.#waiters > 0;
  }

  /** @param abort aborts the request to the origin */
  setRequest(abort: (reason: Error) => void): void {
    this.#abort = abort;
  }

  /** Called when the response has started. From here on, the recording decides when to cancel it. */
  setRecording(recording: Recording): void {
    this.#recording = recording;
    this.#abort = undefined;
  }

  /** Resolves all {@link join} calls. */
  complete(outcome: ForwardOutcome): void {
    this.#outcome.resolve(outcome);
  }

  /** Rejects all {@link join} calls. */
  fail(error: unknown): void {
    this.#outcome.reject(error);
  }

  /**
   * Waits for the outcome.
   * @throws the error passed to {@link fail}, or the abort reason of `signal`
   */
  async join(signal: AbortSignal): Promise<ForwardOutcome> {
    this.#waiters += 1;
    try {
      signal.throwIfAborted();
      this.#recording?.onDemandChange(UNUSED);
      return await raceSignal(this.#outcome.promise, signal);
    } finally {
      this.#waiters -= 1;
      this.#onDemandChange(UNUSED);
    }
  }

  /** Called when the initiator is aborted before the response has started. */
  onInitiatorAbort(reason: Error): void {
    this.#initiatorLeft = true;
    this.#onDemandChange(reason);
  }

  #onDemandChange(reason: Error): void {
    if (this.#recording) this.#recording.onDemandChange(reason);
    else if (this.#initiatorLeft && !this.hasWaiters) this.#abort?.(reason);
  }
}

const UNUSED = new Error('no request waits for the response any longer');
