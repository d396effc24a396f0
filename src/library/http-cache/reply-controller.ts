import type { Dispatcher } from 'undici';
import type { ByteQueue } from './byte-queue.ts';
import type { HeaderFields } from './headers.ts';
import type { HttpReply } from './reply.ts';

/** Header fields as undici's handlers receive them. */
type IncomingHttpHeaders = Record<string, string | string[] | undefined>;
type RawFields = NonNullable<Dispatcher.DispatchController['rawHeaders']> | null;

/**
 * Passes a reply to an undici handler, and lets the handler pause, resume and abort it.
 * @see https://undici.nodejs.org/#/docs/api/Dispatcher
 */
export class ReplyController implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #copies: boolean;
  #abort: AbortController | undefined;
  #reason: Error | null = null;
  #paused = false;
  #ended = false;
  #wake: (() => void) | undefined;
  #headers: IncomingHttpHeaders = {};
  #rawHeaders: RawFields | undefined;
  /** Like `rawHeaders`. */
  rawTrailers: RawFields = {};

  /** @param copies whether the handler gets copies of stored bytes, because it may change or transfer them */
  constructor(handler: Dispatcher.DispatchHandler, copies: boolean) {
    this.#handler = handler;
    this.#copies = copies;
  }

  /** Aborted when the handler aborts the request. Created on first use, because a hit needs none. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#reason) this.#abort.abort(this.#reason);
    return this.#abort.signal;
  }

  /**
   * The header fields, as an object like those of undici's HTTP/2 responses. A copy made on first use, because few
   * handlers read them and some change them.
   */
  get rawHeaders(): RawFields {
    this.#rawHeaders ??= { ...this.#headers };
    return this.#rawHeaders;
  }

  set rawHeaders(fields: RawFields) {
    this.#rawHeaders = fields;
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
    this.#abort?.abort(reason);
    this.#wake?.();
    // Deferred, because the handler itself may be the caller.
    queueMicrotask(() => this.fail(reason));
  }

  /** Calls `onRequestStart`. */
  start(): void {
    this.#handler.onRequestStart?.(this, undefined);
  }

  /** Passes on an interim response, such as 103 Early Hints. */
  interim(status: number, headers: IncomingHttpHeaders): void {
    if (this.#ended || this.aborted) return;
    this.#start(status, headers);
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

  /**
   * Passes on a reply with a complete body.
   * @returns a promise if the handler has paused the reply
   */
  send(reply: HttpReply, body: Uint8Array): Promise<void> | undefined {
    if (!this.#startResponse(reply) || this.aborted) return undefined;
    if (body.byteLength > 0) this.#data(body);
    if (this.#paused) return this.#untilResumed().then(() => this.#endResponse({}));
    this.#endResponse({});
    return undefined;
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
        this.#data(chunk);
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
    this.#handler.onResponseStarted?.();
    this.#start(status, headers, statusText);
    return true;
  }

  #start(status: number, headers: IncomingHttpHeaders, statusText?: string): void {
    this.#headers = headers;
    this.#rawHeaders = undefined;
    this.#handler.onResponseStart?.(this, status, { ...headers }, statusText);
  }

  #data(bytes: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = bytes;
    const chunk = this.#copies ? Buffer.from(bytes) : Buffer.from(buffer, byteOffset, byteLength);
    this.#handler.onResponseData?.(this, chunk);
  }

  #endResponse(trailers: HeaderFields): void {
    if (this.#ended || this.aborted) return;
    this.#ended = true;
    this.rawTrailers = { ...trailers };
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
