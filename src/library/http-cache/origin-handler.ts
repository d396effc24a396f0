import type { Dispatcher } from 'undici';
import { ByteQueue } from './byte-queue.ts';
import { toFields } from './headers.ts';
import type { ForwardedRequest, OriginResponse } from './origin.ts';

/** What {@link forwardRequest} reports besides the response. */
export interface OriginListener {
  /** Called for an interim response, such as 103 Early Hints. */
  onInterim(status: number, headers: Record<string, string | string[] | undefined>): void;
  /** Called for each chunk of the body, with its length. */
  onBytes(count: number): void;
}

/** Sends a request through `dispatch` and converts undici's callbacks to a promise and a queue. */
export function forwardRequest(
  dispatch: Dispatcher.Dispatch,
  options: Dispatcher.DispatchOptions,
  listener: OriginListener,
): ForwardedRequest {
  const pending = Promise.withResolvers<OriginResponse>();
  let controller: Dispatcher.DispatchController | undefined;
  let aborted: Error | undefined;
  let body: ByteQueue | undefined;
  const abort = (reason: Error) => {
    aborted ??= reason;
    controller?.abort(reason);
    pending.reject(reason);
  };
  const fail = (error: Error) => {
    pending.reject(error);
    body?.fail(error);
  };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(given) {
      controller = given;
      if (aborted) given.abort(aborted);
    },
    onResponseStart(given, status, headers, statusText) {
      if (status < 200) return listener.onInterim(status, headers);
      body = new ByteQueue({ onDrain: () => given.resume(), onCancel: abort });
      pending.resolve({ status, statusText: statusText ?? '', headers: toFields(headers), body });
    },
    onResponseData(given, chunk) {
      listener.onBytes(chunk.byteLength);
      body?.push(chunk);
      if (body?.isFull) given.pause();
    },
    onResponseEnd(_given, trailers) {
      body?.end(toFields(trailers));
    },
    onResponseError(_given, error) {
      fail(error);
    },
    onRequestUpgrade(given) {
      given.abort(new Error('the HTTP cache does not support protocol upgrades'));
    },
  };
  try {
    dispatch(options, handler);
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
  }
  return { response: pending.promise, abort };
}
