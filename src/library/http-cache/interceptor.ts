import { stringify } from 'node:querystring';
import type { Dispatcher } from 'undici';
import { ByteQueue } from './byte-queue.ts';
import type { CacheHandler } from './cache-handler.ts';
import { type AnyHeaders, type HeaderFields, toFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';
import { forwardRequest } from './origin-handler.ts';
import type { HttpReply } from './reply.ts';
import { ReplyController } from './reply-controller.ts';
import { readBody } from './request-body.ts';

/**
 * Creates an undici interceptor that handles requests by one policy.
 * @param onBytes called with the length of each chunk received from the origin
 */
export function createInterceptor(
  cacheHandler: CacheHandler,
  policy: HttpCachePolicy,
  onBytes: (count: number) => void,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { upgrade, method, origin, path } = options;
    // A path that is an absolute URL belongs to a request to a proxy, for a different origin.
    if (upgrade || method === 'CONNECT' || origin === undefined || !path.startsWith('/')) {
      return dispatch(options, handler);
    }
    const controller = new ReplyController(handler);
    controller.start();
    handle(cacheHandler, policy, onBytes, dispatch, options, controller).catch((error) =>
      controller.fail(error),
    );
    return true;
  };
}

async function handle(
  cacheHandler: CacheHandler,
  policy: HttpCachePolicy,
  onBytes: (count: number) => void,
  dispatch: Dispatcher.Dispatch,
  options: Dispatcher.DispatchOptions,
  controller: ReplyController,
): Promise<void> {
  const { method } = options;
  const isKeyed = policy.keyByBody && (method === 'POST' || method === 'GET');
  const { body = null, bytes } = isKeyed
    ? await readBody(options.body)
    : { body: options.body, bytes: undefined };
  const listener = {
    onInterim: (status: number, headers: Parameters<typeof controller.interim>[1]) =>
      controller.interim(status, headers),
    onBytes,
  };
  const reply: HttpReply = await cacheHandler.handle({
    request: {
      method,
      url: urlOf(options),
      headers: toFields(options.headers as AnyHeaders),
      hasBody: body !== null,
      ...(bytes ? { bodyBytes: bytes } : {}),
    },
    policy,
    signal: controller.signal,
    forward: (headers: HeaderFields) => forwardRequest(dispatch, { ...options, headers, body }, listener),
  });
  if (reply.body instanceof ByteQueue) await controller.stream(reply, reply.body);
  else await controller.send(reply, reply.body);
}

/** Concatenated, not resolved: the path `//b` of one origin must not become the origin `b`. */
function urlOf({ origin, path, query }: Dispatcher.DispatchOptions): string {
  const parameters = query && stringify(query);
  return `${new URL(origin!).origin}${path}${parameters ? `?${parameters}` : ''}`;
}
