import type { Clock, LoadingCache } from '../../library/cache/index.ts';
import { cacheKey } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import { RoundhouseError } from '../errors.ts';
import { getJson, httpOrigin } from '../http-client/get-json.ts';
import type { Stream } from './streams.ts';

/** An engine that does not have the metadata yet asks its peers. */
const TIMEOUT_MS = 5000;
/** What a content is called rarely changes while it is played. */
const TTL_S = 60;

/** @see https://www.bittorrent.org/beps/bep_0009.html */
const MAGNET_INFOHASH = /[?&]xt=urn:btih:([0-9a-f]{40})(?:&|$)/i;
const MAX_TEXT_LENGTH = 1024;
const MAX_CATEGORIES = 32;

/** What an engine says about a content, without what it does not know. */
export interface StreamContent {
  title?: string;
  categories?: string[];
  content_type?: string;
  transport_type?: string;
  infohash?: string;
  content_id?: string;
  item_url?: string;
  is_live?: number;
}

/** Reads what the engine of a stream says about its content. */
export type ReadContent = (stream: Stream) => Promise<StreamContent>;

/**
 * Creates a reader of contents (`analyze_content` of the engine). Answers are cached for a minute. Contents are named
 * by their hash: an engine that is asked about a URL, or a magnet link with trackers, requests the addresses in it.
 * @param parts.addressOf the address of a managed engine, or null
 * @param parts.readInfohash the infohash of the content that a stream plays, or null if its engine does not report it
 */
export function createContentReader(parts: {
  cache: LoadingCache;
  clock: Clock;
  addressOf: (engineId: string) => { host: string; port: number } | null;
  readInfohash: (stream: Stream, signal: AbortSignal) => Promise<string | null>;
}): ReadContent {
  return async (stream) => {
    const address = stream.engineId === null ? null : parts.addressOf(stream.engineId);
    if (!address) throw unavailable();
    const { keyType, key } = stream;
    const load = (outer: AbortSignal) =>
      withinDeadline(
        { clock: parts.clock, timeoutMs: TIMEOUT_MS, subject: 'The engine of the stream', signal: outer },
        async (signal) => {
          const [name, hash] = hashOf(stream) ?? ['infohash', await parts.readInfohash(stream, signal)];
          if (hash === null) throw new Error('the engine does not report the infohash of the stream');
          const query = new URLSearchParams({
            api_version: '3',
            method: 'analyze_content',
            query: `acestream:?${name}=${encodeURIComponent(hash)}`,
          });
          return parseContent(await getJson(`${httpOrigin(address)}/server/api?${query}`, { signal }));
        },
      );
    try {
      return await parts.cache.getOrLoad(cacheKey('streams', 'content', keyType, key), load, { ttlS: TTL_S });
    } catch (cause) {
      throw unavailable(cause);
    }
  };
}

/** Returns the kind of hash in a key and the hash, or null if it has none. */
function hashOf({ keyType, key }: Stream): [name: string, hash: string] | null {
  if (keyType === 'infohash' || keyType === 'content_id') return [keyType, key];
  const infohash = keyType === 'magnet' && MAGNET_INFOHASH.exec(key)?.[1];
  return infohash ? ['infohash', infohash] : null;
}

function unavailable(cause?: unknown): RoundhouseError {
  return new RoundhouseError('stream_unavailable', 'The engine of the stream does not describe it', {
    cause,
  });
}

/** @throws Error for anything but a result */
function parseContent(body: unknown): StreamContent {
  const result = (body as { result?: unknown } | null)?.result;
  if (typeof result !== 'object' || result === null) throw new Error('analyze_content: no result');
  const fields = result as Record<string, unknown>;
  const content: StreamContent = {};
  for (const name of [
    'title',
    'content_type',
    'transport_type',
    'infohash',
    'content_id',
    'item_url',
  ] as const) {
    const value = fields[name];
    if (typeof value === 'string') content[name] = value.slice(0, MAX_TEXT_LENGTH);
  }
  if (Number.isInteger(fields.is_live)) content.is_live = fields.is_live as number;
  if (Array.isArray(fields.categories)) {
    const texts = fields.categories.filter((category) => typeof category === 'string');
    content.categories = texts.slice(0, MAX_CATEGORIES).map((text) => text.slice(0, MAX_TEXT_LENGTH));
  }
  return content;
}
