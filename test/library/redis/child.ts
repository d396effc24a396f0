/**
 * A process of its own that uses a shared cache and stands for leadership, as the test that forked it says.
 * Every message is answered, in any order; that it has come into office is told unasked.
 */
import { text } from 'node:stream/consumers';
import { LeaderLease, RedisLink, TieredCache } from '../../../src/library/redis/index.ts';

export type Order =
  | { do: 'read'; key: string; originUrl: string; ttlS: number }
  | { do: 'peek'; key: string }
  | { do: 'invalidate'; pattern: string }
  | { do: 'stand'; leaseS: number }
  | { do: 'close' };

export type Told = { id: number; answer: unknown } | { gained: number } | { lost: number };

const { REDIS_URL = '', NAMESPACE = '' } = process.env;
const link = new RedisLink({
  url: REDIS_URL,
  commandTimeoutMs: 20_000,
  connectTimeoutMs: 20_000,
});
const cache = new TieredCache<unknown>(link, { namespace: NAMESPACE, loadTimeoutS: 60, waitS: 60 });
let leader: LeaderLease | undefined;

const tell = (told: Told) => process.send?.(told);

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'read': {
      const load = async () => await text((await fetch(order.originUrl)).body!);
      return await cache.getOrLoad(order.key, load, { ttlS: order.ttlS });
    }
    case 'peek':
      return { connected: cache.connected, value: cache.peek(order.key)?.value };
    case 'invalidate':
      return cache.invalidate(order.pattern);
    case 'stand':
      leader = new LeaderLease(link, {
        name: NAMESPACE,
        leaseS: order.leaseS,
        onGained: ({ fence }) => tell({ gained: fence }),
        onLost: ({ fence }) => tell({ lost: fence }),
      });
      return true;
    case 'close':
      // Nothing ends the process after this: it is to end by itself.
      await leader?.close();
      cache.close();
      link.close();
      return true;
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (answer) => {
      tell({ id, answer });
      if (order.do === 'close') process.disconnect();
    },
    (error) => tell({ id, answer: String(error) }),
  );
});
