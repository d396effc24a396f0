import type { RedisClientOptions } from '@redis/client';

/** A client of `@redis/client` or `redis`, of which only the options are read. */
export interface RedisClientLike {
  /** The options that it was created with. */
  readonly options?: object | undefined;
}

/** The options of the client that say how to reach the server and who connects. */
export type ServerOptions = Pick<
  RedisClientOptions,
  'url' | 'socket' | 'username' | 'password' | 'credentialsProvider' | 'database'
>;

/**
 * Returns the options of the server at a URL, or of that of a client.
 * @throws TypeError if neither is given
 */
export function serverOptions(url: string | undefined, client: RedisClientLike | undefined): ServerOptions {
  if (client === undefined) {
    if (url !== undefined) return { url };
    throw new TypeError('a url or a client is required');
  }
  const options = (client.options ?? {}) as RedisClientOptions;
  const { socket, username, password, credentialsProvider, database } = options;
  return {
    // The client has parsed its URL into these. A URL would take precedence over them.
    ...(socket && { socket }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(credentialsProvider && { credentialsProvider }),
    ...(database !== undefined && { database }),
  };
}
