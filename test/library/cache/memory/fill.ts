import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Dispatcher, request } from 'undici';
import { type ByteStore, MemoryByteStore } from '../../../../src/library/cache/index.ts';
import { createHttpCache } from '../../../../src/library/http-cache/index.ts';
import { RedisLink, TieredByteStore } from '../../../../src/library/redis/index.ts';

/**
 * Fills a store and prints a {@link Growth} as JSON. Started with --expose-gc: what counts is the memory that the
 * store retains, and not the garbage that the filling has left.
 */

/** Growth of the memory of the process since before the store was filled, in bytes. */
export interface Growth {
  /** As the store counts it. */
  accounted: number;
  /** V8's heap and the buffers outside it. */
  held: number;
  /** The resident set. */
  resident: number;
  entries: number;
}

/** Size of undici's chunks: several small bodies share one. */
const SLAB_BYTES = 64 * 1024;
const TURN_EVERY = 20;
const GC_EVERY_BYTES = 4 * 1024 * 1024;
const SMALL_BYTES = 1024 * 1024;
const TTL_MS = 3_600_000;
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'public, max-age=3600',
  etag: '"33a64df551425fcc55e4d42a148795d9f25f89d4"',
  'last-modified': 'Sat, 21 Nov 2026 10:00:00 GMT',
  vary: 'Accept-Encoding',
};

/** An origin in this process. The bodies of its responses are parts of slabs, as from a connection. */
class StubOrigin extends Dispatcher {
  readonly #bodyBytes: number;
  #slab = Buffer.alloc(0);

  constructor(bodyBytes: number) {
    super();
    this.#bodyBytes = bodyBytes;
  }

  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const controller = {
      aborted: false,
      paused: false,
      reason: null,
      rawHeaders: null,
      abort() {},
      pause() {},
      resume() {},
    };
    handler.onRequestStart?.(controller, undefined);
    handler.onResponseStart?.(controller, 200, HEADERS, 'OK');
    for (let sent = 0; sent < this.#bodyBytes; ) {
      if (this.#slab.byteLength === 0) this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES).fill('x');
      const chunk = this.#slab.subarray(0, this.#bodyBytes - sent);
      this.#slab = this.#slab.subarray(chunk.byteLength);
      sent += chunk.byteLength;
      handler.onResponseData?.(controller, chunk);
    }
    handler.onResponseEnd?.(controller, {});
    return true;
  }
}

const MAX_ENTRIES = 1_000_000;
/** Creates a store and what fills it, by the size of the values and the limit of the store, both in bytes. */
const subjects = {
  /** Bytes that are parts of larger buffers. */
  bytes(bytes: number, maxBytes: number) {
    const store = new MemoryByteStore({ maxEntries: MAX_ENTRIES, maxBytes });
    return fillBytes(store, bytes, store);
  },
  /** The tier in memory of a store whose Redis cannot be reached. */
  tiered(bytes: number, maxBytes: number) {
    const store = openTiered(maxBytes);
    return fillBytes(store, bytes, figuresOf(store));
  },
  /** Responses, each of which is then served once, so that it is decoded. */
  responses(bytes: number, maxBytes: number) {
    const store = new MemoryByteStore({ maxEntries: MAX_ENTRIES, maxBytes });
    return fillResponses(store, bytes, store);
  },
  /** The same in the tier in memory of a store whose Redis cannot be reached. */
  tieredResponses(bytes: number, maxBytes: number) {
    const store = openTiered(maxBytes);
    return fillResponses(store, bytes, figuresOf(store));
  },
};

type Figures = Pick<MemoryByteStore, 'bytes' | 'size'>;

function openTiered(maxBytes: number): TieredByteStore {
  const link = new RedisLink({ url: 'redis://127.0.0.1:1' });
  return new TieredByteStore(link, { namespace: 'fill', maxEntries: MAX_ENTRIES, maxBytes });
}

function figuresOf(store: TieredByteStore): Figures {
  return {
    get bytes() {
      return store.totals().bytes;
    },
    get size() {
      return store.totals().entryCount;
    },
  };
}

function fillResponses(store: ByteStore, bytes: number, figures: Figures) {
  const cache = createHttpCache({ store });
  const dispatcher = new StubOrigin(bytes).compose(cache.interceptor());
  const step = async (i: number) => {
    for (let read = 0; read < 2; read += 1) {
      const { body } = await request(`http://origin.example/items/${i}`, { dispatcher });
      await body.bytes();
    }
  };
  return { step, store: figures };
}

function fillBytes(store: Pick<MemoryByteStore, 'set'>, bytes: number, figures: Figures) {
  let slab = Buffer.alloc(0);
  const step = async (i: number) => {
    if (slab.byteLength < bytes) slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes)).fill('x');
    await store.set(`namespace:${String(i).padStart(32, '0')}`, slab.subarray(0, bytes), TTL_MS);
    // The rest of a slab belongs to others, and would be retained too.
    slab = slab.subarray(8 * bytes);
  };
  return { step, store: figures };
}

async function collectGarbage(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc!();
    await pause(10);
  }
  return process.memoryUsage();
}

async function run(step: (i: number) => Promise<void>, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await step(i);
    // V8 releases nothing that a WeakRef has referred to before the event loop turns.
    if (i % TURN_EVERY === 0) await nextTurn();
    if (i % gcEvery === 0) globalThis.gc!();
  }
}

const [subject, size, count, maxBytes] = process.argv.slice(2) as [keyof typeof subjects, ...string[]];
const gcEvery = Math.min(500, Math.ceil(GC_EVERY_BYTES / Number(size)));
// The same work with a small store first, so that what the work itself takes is part of the memory before.
await run(subjects[subject](Number(size), SMALL_BYTES).step, Number(count));
const { step, store } = subjects[subject](Number(size), Number(maxBytes));
const before = await collectGarbage();
await run(step, Number(count));
const after = await collectGarbage();
const growth: Growth = {
  accounted: store.bytes,
  held: after.heapUsed + after.external - before.heapUsed - before.external,
  resident: after.rss - before.rss,
  entries: store.size,
};
process.stdout.write(JSON.stringify(growth));
process.exit();
