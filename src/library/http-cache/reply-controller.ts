import type { Dispatcher } from 'undici';
import type { ByteQueue } from './byte-queue.ts';
import type { HeaderFields } from './headers.ts';
import { type HttpReply, NO_BODY } from './reply.ts';

/**
 * Passes a reply to an undici handler, and lets the handler pause, resume and abort it.
 * @see https://undici.nodejs.org/#/docs/api/Dispatcher
 */
export class ReplyController implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #abort = new AbortController();
  #reason: Error | null = null;
  #paused = false;
  #ended = false;
  #wake: (() => void) | undefined;
  /** Names and values alternately, in Latin-1, as undici's own controller has them. */
  rawHeaders: Buffer[] = [];
  /** Like `rawHeaders`. */
  rawTrailers: Buffer[] = [];

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  /** Aborted when the handler aborts the request. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  abort(reason: Error): void {
    if (this.#ended || this.aborted) return;
    this.#reason = reason;
    this.#abort.abort(reason);
    this.#wake?.();
    // Deferred, because the handler itself may be the caller.
    queueMicrotask(() => this.fail(reason));
  }

  /** Calls `onRequestStart`. */
  start(): void {
    this.#handler.onRequestStart?.(this, undefined);
  }

  /** Passes on an interim response, such as 103 Early Hints. */
  interim(status: number, headers: Record<string, string | string[] | undefined>): void {
    if (this.#ended || this.aborted) return;
    this.rawHeaders = toRaw(headers);
    this.#handler.onResponseStart?.(this, status, headers);
  }

  /** Ends the reply with an error. Does nothing if it has ended. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#handler.onResponseError?.(this, error);
    } catch {
      // The handler has been called; there is nowhere else to report its own error.
    }
  }

  /** Passes on a reply with a complete body. */
  async send(reply: HttpReply, body: Uint8Array): Promise<void> {
    if (!this.#startResponse(reply)) return;
    if (body !== NO_BODY && body.byteLength > 0) {
      const { buffer, byteOffset, byteLength } = body;
      // A copy, because the handler may modify it or transfer it to another thread.
      this.#handler.onResponseData?.(this, Buffer.from(Buffer.from(buffer, byteOffset, byteLength)));
      await this.#untilResumed();
    }
    this.#endResponse({});
  }

  /** Passes on a reply whose body is still arriving, with backpressure. */
  async stream(reply: HttpReply, body: ByteQueue): Promise<void> {
    const cancel = () => body.cancel(this.#reason!);
    this.signal.addEventListener('abort', cancel, { once: true });
    if (this.aborted) cancel();
    try {
      if (!this.#startResponse(reply)) return;
      for (let chunk = await body.read(); chunk; chunk = await body.read()) {
        if (this.aborted) return;
        this.#handler.onResponseData?.(this, Buffer.from(chunk));
        await this.#untilResumed();
      }
    } catch (error) {
      body.cancel(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    this.#endResponse(body.trailers);
  }

  /** Passes on status and header fields. Returns false if the request has been aborted or has failed. */
  #startResponse({ status, statusText, headers }: HttpReply): boolean {
    if (this.#ended || this.aborted) return false;
    this.rawHeaders = toRaw(headers);
    this.#handler.onResponseStarted?.();
    this.#handler.onResponseStart?.(this, status, { ...headers }, statusText);
    return true;
  }

  #endResponse(trailers: HeaderFields): void {
    if (this.#ended || this.aborted) return;
    this.#ended = true;
    this.rawTrailers = toRaw(trailers);
    this.#handler.onResponseEnd?.(this, trailers);
  }

  async #untilResumed(): Promise<void> {
    while (this.#paused && !this.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function toRaw(fields: Record<string, string | string[] | undefined>): Buffer[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((line) => [Buffer.from(name, 'latin1'), Buffer.from(line, 'latin1')]),
  );
}
