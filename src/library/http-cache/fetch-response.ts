import type { Response as UndiciResponse } from 'undici';

/** Statuses whose responses have no body: https://fetch.spec.whatwg.org/#null-body-status */
const NO_BODY = new Set([101, 103, 204, 205, 304]);

/**
 * Returns a response of the undici package as a global `Response`, which belongs to the copy of undici within Node.
 * Code that checks the class of a response accepts only that one.
 * @param response its body must not have been used
 */
export function toGlobalResponse(response: UndiciResponse): globalThis.Response {
  const { status, statusText, headers, url, redirected } = response;
  const body = NO_BODY.has(status) ? null : (response.body as ReadableStream | null);
  return describe(new globalThis.Response(body, { status, statusText, headers: [...headers] }), {
    url,
    redirected,
  });
}

/** The constructor has no parameters for these, as only `fetch` sets them. */
function describe(
  response: globalThis.Response,
  source: Pick<globalThis.Response, 'url' | 'redirected'>,
): globalThis.Response {
  const clone = response.clone.bind(response);
  return Object.defineProperties(response, {
    url: { value: source.url },
    redirected: { value: source.redirected },
    type: { value: 'basic' },
    clone: { value: () => describe(clone(), source) },
  });
}
