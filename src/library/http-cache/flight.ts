import type { Recording } from './recording.ts';
import type { Held } from './storage.ts';

/** A response that may be shared, with its body. */
export interface Landed {
  readonly held: Held;
  readonly body: Uint8Array;
  /** It is past its time, and the origin has failed. */
  readonly standsIn: boolean;
}

/** What those who wait for a flight get: a response, or the word that there is none to share. */
export type ForwardOutcome = Landed | 'not shared';

/**
 * A request to the origin that others wait for. It goes on as long as anybody wants its answer: the one who
 * began it may leave.
 */
export class CollapsedRequest {
  readonly #outcome = Promise.withResolvers<ForwardOutcome>();
  #waiting = 0;
  #beginnerGone = false;
  #abort: ((reason: Error) => void) | undefined;
  #recording: Recording | undefined;

  /** Resolves when there is nothing more to wait for, however it went. */
  readonly ended: Promise<void> = this.#outcome.promise.then(
    () => {},
    () => {},
  );

  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** Begins: what ends the request to the origin. */
  asking(abort: (reason: Error) => void): void {
    this.#abort = abort;
  }

  /** The response has begun to come; from here on the recording knows who reads. */
  recording(recording: Recording): void {
    this.#recording = recording;
    this.#abort = undefined;
  }

  land(outcome: ForwardOutcome): void {
    this.#outcome.resolve(outcome);
  }

  fail(error: unknown): void {
    this.#outcome.reject(error);
  }

  /**
   * Waits for the outcome.
   * @throws the error that the flight failed with, or the reason of `signal`
   */
  async join(signal: AbortSignal | undefined): Promise<ForwardOutcome> {
    this.#waiting += 1;
    const given = Promise.withResolvers<never>();
    const giveUp = () => given.reject(signal?.reason);
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#recording?.reconsider(LEFT);
      return await Promise.race([this.#outcome.promise, given.promise]);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      this.#waiting -= 1;
      this.#reconsider(LEFT);
    }
  }

  /** The one who began it has no more use for it. */
  beginnerLeft(reason: Error): void {
    this.#beginnerGone = true;
    this.#reconsider(reason);
  }

  #reconsider(reason: Error): void {
    if (this.#recording) this.#recording.reconsider(reason);
    else if (this.#beginnerGone && !this.isAwaited) this.#abort?.(reason);
  }
}

const LEFT = new Error('nobody waits for the response any more');
