import { createHash } from 'node:crypto';
import type { CommandArgument, RedisReply } from './connection.ts';
import type { RedisLink } from './link.ts';

/** A Lua script. Redis executes it atomically, in one round trip. */
export class Script {
  readonly #source: string;
  readonly #sha: string;

  constructor(source: string) {
    this.#source = source;
    this.#sha = createHash('sha1').update(source).digest('hex');
  }

  /**
   * Executes the script by its hash. If Redis does not have it cached, for example after a restart, sends the
   * source instead.
   * @throws {@link RedisLink.send}'s errors
   */
  async run(
    link: Pick<RedisLink, 'send'>,
    keys: readonly string[],
    args: readonly CommandArgument[],
  ): Promise<RedisReply> {
    try {
      return await link.send(['EVALSHA', this.#sha, String(keys.length), ...keys, ...args]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await this.runInOrder(link, keys, args);
    }
  }

  /**
   * Executes the script by its source, in the order of the calls. {@link run} does not guarantee the order: its
   * second attempt may come after a command that was sent after the first.
   * @throws {@link RedisLink.send}'s errors
   */
  runInOrder(
    link: Pick<RedisLink, 'send'>,
    keys: readonly string[],
    args: readonly CommandArgument[],
  ): Promise<RedisReply> {
    return link.send(['EVAL', this.#source, String(keys.length), ...keys, ...args]);
  }
}
