/**
 * A child process with a TieredCache and optionally a LeaderLease. It executes the commands of the test that forked
 * it and replies to each, in any order. It reports the start and end of terms by itself.
 */
import { text } from 'node:stream/consumers';
import { LeaderLease, RedisLink, TieredCache } from '../../../src/library/redis/index.ts';

export type Command =
  | { do: 'read'; key: string; originUrl: string; ttlS: number }
  | { do: 'peek'; key: string }
  | { do: 'invalidate'; pattern: string }
  | { do: 'elect'; leaseS: number }
  | { do: 'close' };

export type Message = { id: number; result: unknown } | { gained: number } | { lost: number };

const { REDIS_URL = '', NAMESPACE = '' } = process.env;
const link = new RedisLink({
  url: REDIS_URL,
  commandTimeoutMs: 20_000,
  connectTimeoutMs: 20_000,
});
const cache = new TieredCache<unknown>(link, { namespace: NAMESPACE, loadTimeoutS: 60, waitS: 60 });
let leader: LeaderLease | undefined;

const send = (message: Message) => process.send?.(message);

async function execute(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'read': {
      const load = async () => await text((await fetch(command.originUrl)).body!);
      return await cache.getOrLoad(command.key, load, { ttlS: command.ttlS });
    }
    case 'peek':
      return { connected: cache.connected, value: cache.peek(command.key)?.value };
    case 'invalidate':
      return cache.invalidate(command.pattern);
    case 'elect':
      leader = new LeaderLease(link, {
        name: NAMESPACE,
        leaseS: command.leaseS,
        onGained: ({ fence }) => send({ gained: fence }),
        onLost: ({ fence }) => send({ lost: fence }),
      });
      return true;
    case 'close':
      // The process must then exit by itself, because nothing keeps it alive.
      await leader?.close();
      cache.close();
      link.close();
      return true;
  }
}

process.on('message', ({ id, command }: { id: number; command: Command }) => {
  execute(command).then(
    (result) => {
      send({ id, result });
      if (command.do === 'close') process.disconnect();
    },
    (error) => send({ id, result: String(error) }),
  );
});
