import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';
import type { SessionTokens } from '../session-tokens.ts';

/** An `onRequest` hook that rejects requests without the API key or the cookie of a login. */
export type KeyCheck = (request: FastifyRequest) => Promise<void>;

/** Whether a text is the API key. */
export type KeyMatch = (key: string) => boolean;

/** Sent by the panel. A page of another origin cannot send it without a preflight, which is refused. */
export const PANEL_HEADER = 'x-roundhouse-panel';

/** Digests are compared in constant time, because their length does not depend on that of the key. */
export function createKeyMatch(apiKey: string): KeyMatch {
  const expected = digest(apiKey);
  return (key) => timingSafeEqual(digest(key), expected);
}

/**
 * Creates a check of `X-API-KEY`, `Authorization: Bearer` or the cookie of a login. Two keys in one request are refused,
 * because a proxy may have checked the other one. The check throws RoundhouseError `missing_key`, `wrong_key`,
 * `ambiguous_key` or `cross_site_request`.
 */
export function createKeyCheck(
  isKey: KeyMatch,
  tokens: Pick<SessionTokens, 'cookieName' | 'isValid'>,
): KeyCheck {
  return async (request) => {
    const keys = keysOf(request);
    if (keys.length > 1) throw new RoundhouseError('ambiguous_key', 'Send the API key once, in one header');
    const [key] = keys;
    if (key === undefined) {
      if (!tokenOf(request, tokens)) throw missingKey();
      assertSameOrigin(request);
    } else if (!isKey(key)) {
      throw new RoundhouseError('wrong_key', 'The API key is not valid');
    }
  };
}

/** The valid token in the cookie of a request, or null. */
export function tokenOf(
  { headers }: FastifyRequest,
  tokens: Pick<SessionTokens, 'cookieName' | 'isValid'>,
): string | null {
  const { cookie } = headers;
  if (cookie === undefined) return null;
  for (const pair of cookie.split(';')) {
    const [name, value = ''] = pair.trim().split('=', 2);
    if (name === tokens.cookieName && tokens.isValid(value)) return value;
  }
  return null;
}

/**
 * Refuses writes that a page of another origin has caused. SameSite cookies are not enough, because other ports of a
 * host, and other hosts of a domain, are the same site.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function assertSameOrigin({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  const site = headers['sec-fetch-site'];
  if (headers[PANEL_HEADER] === '1' && (site === undefined || site === 'same-origin')) return;
  throw new RoundhouseError(
    'cross_site_request',
    'With the cookie of a login, writes need the header X-Roundhouse-Panel: 1, and must come from a page of this service',
  );
}

function missingKey(): RoundhouseError {
  return new RoundhouseError('missing_key', 'Send the API key in the X-API-KEY header or as a Bearer token');
}

/**
 * Reads the raw headers: the parsed ones keep the first of several Authorization headers, and join others.
 */
function keysOf({ raw }: FastifyRequest): string[] {
  const keys: string[] = [];
  for (let index = 0; index < raw.rawHeaders.length; index += 2) {
    const name = raw.rawHeaders[index]?.toLowerCase();
    const value = raw.rawHeaders[index + 1] ?? '';
    if (name === 'x-api-key') keys.push(value);
    if (name === 'authorization') keys.push(/^Bearer +(.*)$/i.exec(value)?.[1] ?? '');
  }
  return keys.filter((key) => key !== '');
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

const OPEN_PATHS = new Set(['/livez', '/readyz', '/', '/favicon.ico', '/session', '/panel', '/panel/*']);

/**
 * Requires the key on all routes (AUTH_READS), except for probes, which supervisors call without one,
 * preflight requests, which browsers send without one, the files of the panel, and the login. The panel has the login
 * page, to which browsers are redirected from /docs.
 * @param panelUrl URL of the panel
 */
export function requireKeyForReads(api: Api, checkKey: KeyCheck, panelUrl: string): void {
  api.addHook('onRequest', async (request, reply) => {
    const { url = '', method } = request.routeOptions;
    if (OPEN_PATHS.has(url) || method === 'OPTIONS') return;
    try {
      await checkKey(request);
    } catch (error) {
      const isPage = url.startsWith('/docs') && request.headers.accept?.includes('text/html');
      if (!isPage) throw error;
      return reply.redirect(panelUrl);
    }
  });
}
