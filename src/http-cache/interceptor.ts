import type { Dispatcher } from 'undici';
import type { Reply } from './answer.ts';
import { ByteQueue } from './byte-queue.ts';
import type { Engine } from './engine.ts';
import { type AnyHeaders, type HeaderFields, toFields } from './headers.ts';
import type { Policy } from './options.ts';
import { askOrigin } from './origin-handler.ts';
import { ReplyController } from './reply-controller.ts';
import { readBody } from './request-body.ts';

/** The cache as an interceptor of undici, for one policy. */
export function createInterceptor(
  engine: Engine,
  policy: Policy,
  onBytes: (count: number) => void,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    if (options.upgrade || options.method === 'CONNECT' || options.origin === undefined) {
      return dispatch(options, handler);
    }
    const controller = new ReplyController(handler);
    controller.start();
    answer(engine, policy, onBytes, dispatch, options, controller).catch((error) => controller.fail(error));
    return true;
  };
}

async function answer(
  engine: Engine,
  policy: Policy,
  onBytes: (count: number) => void,
  dispatch: Dispatcher.Dispatch,
  options: Dispatcher.DispatchOptions,
  controller: ReplyController,
): Promise<void> {
  const { method } = options;
  const keyed = policy.keyByBody && method === 'POST' ? await readBody(options.body) : { body: options.body };
  const listener = {
    onInterim: (status: number, headers: Parameters<typeof controller.interim>[1]) =>
      controller.interim(status, headers),
    onBytes,
  };
  const reply: Reply = await engine.handle({
    request: {
      method,
      url: urlOf(options),
      headers: toFields(options.headers as AnyHeaders),
      ...('bytes' in keyed && keyed.bytes ? { bodyBytes: keyed.bytes } : {}),
    },
    policy,
    signal: controller.signal,
    ask: (headers: HeaderFields) =>
      askOrigin(dispatch, { ...options, headers, body: keyed.body ?? null }, listener),
  });
  if (reply.body instanceof ByteQueue) await controller.stream(reply, reply.body);
  else await controller.send(reply, reply.body);
}

function urlOf({ origin, path, query }: Dispatcher.DispatchOptions): string {
  const url = new URL(path, origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of [value].flat()) url.searchParams.append(name, String(one));
  }
  url.hash = '';
  return url.href;
}
