import type { Dispatcher } from 'undici';
import { ByteQueue } from './byte-queue.ts';
import { toFields } from './headers.ts';
import type { Asked, OriginResponse } from './origin.ts';

export interface OriginListener {
  /** An interim response, such as 103 Early Hints. */
  onInterim(status: number, headers: Record<string, string | string[] | undefined>): void;
  onBytes(count: number): void;
}

/** Sends a request through `dispatch`, and makes a promise and a queue of what undici calls back with. */
export function askOrigin(
  dispatch: Dispatcher.Dispatch,
  options: Dispatcher.DispatchOptions,
  listener: OriginListener,
): Asked {
  const arrival = Promise.withResolvers<OriginResponse>();
  let controller: Dispatcher.DispatchController | undefined;
  let aborted: Error | undefined;
  let body: ByteQueue | undefined;
  const abort = (reason: Error) => {
    aborted ??= reason;
    controller?.abort(reason);
    arrival.reject(reason);
  };
  const fail = (error: Error) => {
    arrival.reject(error);
    body?.fail(error);
  };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(given) {
      controller = given;
      if (aborted) given.abort(aborted);
    },
    onResponseStart(given, status, headers, statusText) {
      if (status < 200) return listener.onInterim(status, headers);
      body = new ByteQueue({ onRoom: () => given.resume(), onCancel: abort });
      arrival.resolve({ status, statusText: statusText ?? '', headers: toFields(headers), body });
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
      given.abort(new Error('the HTTP cache passes no upgrades'));
    },
  };
  try {
    dispatch(options, handler);
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
  }
  return { response: arrival.promise, abort };
}
