import type { RedisLink } from '../../library/redis/index.ts';

/**
 * Reads a key, and removes it if it has another type than the command expects: another program has written it, and it
 * would make every later command fail.
 * @param command a command that reads, and then the key
 * @returns the reply; undefined if the key has been removed
 * @throws as {@link RedisLink.send}
 */
export async function readOrReset(link: RedisLink, [command, key]: [string, string]): Promise<unknown> {
  try {
    return await link.send([command, key]);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error;
    await link.send(['DEL', key]);
    return undefined;
  }
}
