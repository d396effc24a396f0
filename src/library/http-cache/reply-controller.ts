import type { Dispatcher } from 'undici';
import type { ByteQueue } from './byte-queue.ts';
import type { HeaderFields } from './headers.ts';
import { type HttpReply, NO_BODY } from './reply.ts';

/** Hands a reply to one of undici's handlers, which may pause it and break it off. */
export class ReplyController implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #abort = new AbortController();
  #reason: Error | null = null;
  #paused = false;
  #ended = false;
  #wake: (() => void) | undefined;
  rawHeaders: Buffer[] = [];
  rawTrailers: Buffer[] = [];

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

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
    // Not from within the handler's own call.
    queueMicrotask(() => this.fail(reason));
  }

  start(): void {
    this.#handler.onRequestStart?.(this, undefined);
  }

  interim(status: number, headers: Record<string, string | string[] | undefined>): void {
    if (this.#ended || this.aborted) return;
    this.rawHeaders = toRaw(headers);
    this.#handler.onResponseStart?.(this, status, headers);
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#handler.onResponseError?.(this, error);
    } catch {
      // It has been told; nobody else is there to tell.
    }
  }

  /** Sends a reply whose body is at hand. */
  async send(reply: HttpReply, body: Uint8Array): Promise<void> {
    if (!this.#begin(reply)) return;
    if (body !== NO_BODY && body.byteLength > 0) {
      const { buffer, byteOffset, byteLength } = body;
      // A copy: whoever reads it may change it or hand it to another thread.
      this.#handler.onResponseData?.(this, Buffer.from(Buffer.from(buffer, byteOffset, byteLength)));
      await this.#untilResumed();
    }
    this.#end({});
  }

  /** Sends a reply whose body is still coming, no faster than the handler takes it. */
  async stream(reply: HttpReply, body: ByteQueue): Promise<void> {
    const cancel = () => body.cancel(this.#reason!);
    this.signal.addEventListener('abort', cancel, { once: true });
    if (this.aborted) cancel();
    try {
      if (!this.#begin(reply)) return;
      for (let chunk = await body.read(); chunk; chunk = await body.read()) {
        if (this.aborted) return;
        this.#handler.onResponseData?.(this, Buffer.from(chunk));
        await this.#untilResumed();
      }
    } catch (error) {
      body.cancel(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    this.#end(body.trailers);
  }

  /** False if there is nobody to send to. */
  #begin({ status, statusText, headers }: HttpReply): boolean {
    if (this.#ended || this.aborted) return false;
    this.rawHeaders = toRaw(headers);
    this.#handler.onResponseStarted?.();
    this.#handler.onResponseStart?.(this, status, { ...headers }, statusText);
    return true;
  }

  #end(trailers: HeaderFields): void {
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

/** Names and values in turn, in the encoding of the wire. */
function toRaw(fields: Record<string, string | string[] | undefined>): Buffer[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((line) => [Buffer.from(name, 'latin1'), Buffer.from(line, 'latin1')]),
  );
}
