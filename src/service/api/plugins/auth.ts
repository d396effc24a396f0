import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';

/** Rejects a request without the key. */
export type KeyCheck = (request: FastifyRequest) => Promise<void>;

/**
 * Checks `X-API-KEY` or `Authorization: Bearer`. Digests are compared, in constant time: their length does
 * not depend on the key's. Two keys in one request are refused, because a proxy in between may have looked
 * at the other one.
 */
export function createKeyCheck(apiKey: string): KeyCheck {
  const expected = digest(apiKey);
  return async (request) => {
    const keys = keysOf(request);
    if (keys.length > 1) throw new RoundhouseError('ambiguous_key', 'Send one key, in one header');
    const [key] = keys;
    if (key === undefined)
      throw new RoundhouseError('missing_key', 'Send the key as X-API-KEY or as a Bearer token');
    if (!timingSafeEqual(digest(key), expected))
      throw new RoundhouseError('wrong_key', 'This key does not fit');
  };
}

/** Read from the raw headers: the parsed ones keep one Authorization of several, and join other doubles. */
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

const OPEN_PATHS = new Set(['/livez', '/readyz', '/', '/panel', '/panel/*']);

/**
 * Asks for the key on every route but the probes, which supervisors call without one, preflight requests, which
 * browsers send without one, and the files of the panel, which asks its user for it.
 */
export function requireKeyForReads(api: Api, checkKey: KeyCheck): void {
  api.addHook('onRequest', async (request) => {
    const { url = '', method } = request.routeOptions;
    if (!OPEN_PATHS.has(url) && method !== 'OPTIONS') await checkKey(request);
  });
}
