import type { Dispatcher } from 'undici';
import { ByteQueue } from './byte-queue.ts';
import type { CacheHandler } from './cache-handler.ts';
import { type CacheMode, withModeFields } from './cache-mode.ts';
import { type AnyHeaders, type HeaderFields, toFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import type { HttpCachePolicy } from './options.ts';
import { forwardRequest } from './origin-handler.ts';
import { ReplyController } from './reply-controller.ts';
import { readBody } from './request-body.ts';
import { originFinder, urlOf } from './request-url.ts';

type RequestBody = Exclude<Dispatcher.DispatchOptions['body'], undefined>;

/**
 * Creates an undici interceptor that handles requests by one policy.
 * @param onBytes called with the length of each chunk received from the origin
 * @param copies whether handlers get copies of stored bytes, because they may change or transfer them
 */
export function createInterceptor(
  cacheHandler: CacheHandler,
  policy: HttpCachePolicy,
  mode: CacheMode,
  onBytes: (count: number) => void,
  copies: boolean,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch: Dispatcher.Dispatch, dispatcherOrigin?: string | null) => {
    const originFor = originFinder(dispatcherOrigin);
    return (options, handler) => {
      const { upgrade, method, origin, path } = options;
      // A path that is an absolute URL belongs to a request to a proxy, for a different origin.
      const isRequestToOrigin = !upgrade && method !== 'CONNECT' && path.startsWith('/');
      const normalOrigin = isRequestToOrigin && originFor(origin === undefined ? '' : String(origin));
      if (!normalOrigin || !policy.isCachedOrigin(normalOrigin)) return dispatch(options, handler);
      const controller = new ReplyController(handler, copies);
      controller.start();
      try {
        serve(cacheHandler, policy, mode, onBytes, dispatch, options, normalOrigin, controller)?.catch(
          (error) => controller.fail(error),
        );
      } catch (error) {
        controller.fail(error as Error);
      }
      return true;
    };
  };
}

/** @returns undefined if the reply is complete */
function serve(
  cacheHandler: CacheHandler,
  policy: HttpCachePolicy,
  mode: CacheMode,
  onBytes: (count: number) => void,
  dispatch: Dispatcher.Dispatch,
  options: Dispatcher.DispatchOptions,
  origin: string,
  controller: ReplyController,
): Promise<void> | undefined {
  const { method, body = null } = options;
  const forwardFor = (sent: RequestBody) => (headers: HeaderFields) =>
    forwardRequest(
      dispatch,
      { ...options, headers, body: sent },
      { onInterim: (status, fields) => controller.interim(status, fields), onBytes },
    );
  const handle = async (request: CacheRequest, sent: RequestBody) => {
    const { signal } = controller;
    const reply = await cacheHandler.handle({ request, policy, signal, forward: forwardFor(sent) });
    if (reply.body instanceof ByteQueue) await controller.stream(reply, reply.body);
    else await controller.send(reply, reply.body);
  };
  const fields = toFields(options.headers as AnyHeaders);
  const request: CacheRequest = {
    method,
    url: urlOf(origin, options),
    headers: mode === 'default' ? fields : withModeFields(fields, mode),
    hasBody: body !== null,
    mode,
  };
  if (policy.keyByBody && body !== null && (method === 'POST' || method === 'GET')) {
    return readBody(body).then(({ body: sent = null, bytes }) =>
      handle(bytes ? { ...request, bodyBytes: bytes } : request, sent),
    );
  }
  const reply = cacheHandler.handleSync(request, policy);
  return reply ? controller.send(reply, reply.body) : handle(request, body);
}
