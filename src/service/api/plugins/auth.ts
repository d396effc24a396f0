import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';

/** An `onRequest` hook that rejects requests without the API key. */
export type KeyCheck = (request: FastifyRequest) => Promise<void>;

/**
 * Creates a check of `X-API-KEY` or `Authorization: Bearer`. Digests are compared in constant time, because
 * their length does not depend on that of the key. Two keys in one request are refused, because a proxy may
 * have checked the other one. The check throws RoundhouseError `missing_key`, `wrong_key` or `ambiguous_key`.
 */
export function createKeyCheck(apiKey: string): KeyCheck {
  const expected = digest(apiKey);
  return async (request) => {
    const keys = keysOf(request);
    if (keys.length > 1) throw new RoundhouseError('ambiguous_key', 'Send the API key once, in one header');
    const [key] = keys;
    if (key === undefined)
      throw new RoundhouseError(
        'missing_key',
        'Send the API key in the X-API-KEY header or as a Bearer token',
      );
    if (!timingSafeEqual(digest(key), expected))
      throw new RoundhouseError('wrong_key', 'The API key is not valid');
  };
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

const OPEN_PATHS = new Set(['/livez', '/readyz', '/', '/favicon.ico', '/panel', '/panel/*']);

/**
 * Requires the key on all routes (AUTH_READS), except for probes, which supervisors call without one,
 * preflight requests, which browsers send without one, and the files of the panel, which asks its user for
 * the key.
 */
export function requireKeyForReads(api: Api, checkKey: KeyCheck): void {
  api.addHook('onRequest', async (request) => {
    const { url = '', method } = request.routeOptions;
    if (!OPEN_PATHS.has(url) && method !== 'OPTIONS') await checkKey(request);
  });
}
