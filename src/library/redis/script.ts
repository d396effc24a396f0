import { createHash } from 'node:crypto';
import type { CommandArgument, RedisReply } from './connection.ts';
import type { RedisLink } from './link.ts';

/** A Lua script: Redis carries it out in one piece, and in one round trip. */
export class Script {
  readonly #source: string;
  readonly #sha: string;

  constructor(source: string) {
    this.#source = source;
    this.#sha = createHash('sha1').update(source).digest('hex');
  }

  /** Runs by its hash; a Redis that was restarted since does not know it, and gets it once more. */
  async run(link: RedisLink, keys: readonly string[], args: readonly CommandArgument[]): Promise<RedisReply> {
    try {
      return await link.send(['EVALSHA', this.#sha, String(keys.length), ...keys, ...args]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await this.runInOrder(link, keys, args);
    }
  }

  /** Runs by its text: a second attempt could be overtaken by a command that was sent after the first. */
  runInOrder(
    link: RedisLink,
    keys: readonly string[],
    args: readonly CommandArgument[],
  ): Promise<RedisReply> {
    return link.send(['EVAL', this.#source, String(keys.length), ...keys, ...args]);
  }
}
