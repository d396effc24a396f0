import type { RedisLink } from '../../../library/redis/index.ts';
import { readOrReset } from '../../redis/read-or-reset.ts';

/** Reads the fields of a hash and their values. Rejects if Redis fails. */
export async function readHash(link: RedisLink, key: string): Promise<[field: string, value: string][]> {
  // RESP 3 has a type for it, which the client returns as an object.
  const reply = (await readOrReset(link, ['HGETALL', key])) ?? {};
  return Object.entries(reply).map(([field, value]) => [field, String(value)]);
}
