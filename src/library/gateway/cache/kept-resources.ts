import { fieldValue } from '../../http-cache/headers.ts';
import { compilePattern } from '../rules/pattern.ts';
import { fromMetadata } from './kept-response.ts';
import { urlOfKey } from './key.ts';
import type { ResponseStore, StorePage } from './store.ts';
import type { StoreAccess } from './store-access.ts';

/** A kept response, as listed. */
export interface KeptResource {
  /** Without redacted parameters. */
  readonly url: string;
  readonly status: number;
  /** Pattern of the rule by which it was stored. */
  readonly rule: string;
  /** The Content-Type field. */
  readonly type: string;
  /** Size of the body as stored, in bytes. */
  readonly bytes: number;
  /** When it was received or last validated, in milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Whether it is kept for one set of credentials. */
  readonly isPersonal: boolean;
  /** Requests for the URL that were answered from the cache since the gateway was opened. */
  readonly hits: number;
}

/** A page of kept responses. */
export interface KeptPage {
  readonly resources: readonly KeptResource[];
  /** Pass it to get the next page; undefined on the last one. */
  readonly cursor: string | undefined;
}

/** Options of a listing. */
export interface ListOptions {
  /** From the previous page. */
  cursor?: string;
  /** Number of entries to read for a page, of which `match` may leave fewer unless they are sorted. Default 100. */
  limit?: number;
  /** `hits`: the most hits first, which reads the metadata of all entries for each page. Default: in no order. */
  sort?: 'hits';
  /** Pattern for the URL, as in rules. */
  match?: string;
}

/** Returns the number of hits of a URL. */
export type HitsOf = (url: string) => number;

/** Lists the kept responses of a namespace, some at a time. */
export async function listKept(
  store: ResponseStore,
  namespace: string,
  { cursor, limit = 100, match = '*' }: ListOptions,
  hitsOf: HitsOf = () => 0,
): Promise<KeptPage> {
  const page = await store.list(namespace, { limit, ...(cursor === undefined ? {} : { cursor }) });
  const matches = compilePattern(match);
  const resources = page.entries
    .filter(({ key }) => matches(urlOfKey(key)))
    .flatMap((entry) => toResource(entry, hitsOf));
  return { resources, cursor: page.cursor };
}

/**
 * Lists the kept responses of a namespace by their hits. The cursor is the number of those that were listed before, so
 * that one may be listed twice or not at all if its hits change between two pages.
 * @throws RangeError if the cursor is not from such a listing
 */
export async function listByHits(
  store: ResponseStore,
  namespace: string,
  { cursor = '0', limit = 100, match = '*' }: ListOptions,
  hitsOf: HitsOf,
): Promise<KeptPage> {
  const start = Number(cursor);
  if (!/^\d{1,9}$/.test(cursor)) throw new RangeError(`not a cursor of a listing by hits: ${cursor}`);
  const end = start + limit;
  // With one more, to see whether there is another page.
  const sort = (found: KeptResource[]) =>
    found.sort((a, b) => b.hits - a.hits || (a.url < b.url ? -1 : 1)).slice(0, end + 1);
  let best: KeptResource[] = [];
  let from: string | undefined;
  do {
    const page = await listKept(
      store,
      namespace,
      { match, ...(from !== undefined && { cursor: from }) },
      hitsOf,
    );
    best = sort([...best, ...page.resources]);
    from = page.cursor;
  } while (from !== undefined);
  return { resources: best.slice(start, end), cursor: best.length > end ? String(end) : undefined };
}

/** What a namespace contains of one rule. */
export interface RuleUsage {
  readonly entries: number;
  /** Size of the bodies in bytes, as stored. */
  readonly bodyBytes: number;
  /** When the oldest and the newest response were received or last validated, in milliseconds since the epoch. */
  readonly oldestAt: number;
  readonly newestAt: number;
}

/** What a namespace contains, by the pattern of the rule. Reads the metadata of all its responses. */
export async function usageByRule(
  store: ResponseStore,
  namespace: string,
): Promise<Record<string, RuleUsage>> {
  const usage: Record<string, RuleUsage> = {};
  for await (const { rule, bytes, receivedAt } of allKept(store, namespace)) {
    const { entries, bodyBytes, oldestAt, newestAt } = usage[rule] ?? {
      entries: 0,
      bodyBytes: 0,
      oldestAt: receivedAt,
      newestAt: receivedAt,
    };
    usage[rule] = {
      entries: entries + 1,
      bodyBytes: bodyBytes + bytes,
      oldestAt: Math.min(oldestAt, receivedAt),
      newestAt: Math.max(newestAt, receivedAt),
    };
  }
  return usage;
}

/** The URLs of all kept responses of a namespace, each once, apart from those for one set of credentials. */
export async function* keptUrls(store: ResponseStore, namespace: string): AsyncGenerator<string> {
  const seen = new Set<string>();
  for await (const { url, isPersonal } of allKept(store, namespace)) {
    // Variants of a resource have the same URL.
    if (isPersonal || seen.has(url)) continue;
    seen.add(url);
    yield url;
  }
}

async function* allKept(store: ResponseStore, namespace: string): AsyncGenerator<KeptResource> {
  let cursor: string | undefined;
  do {
    const page: KeptPage = await listKept(store, namespace, cursor === undefined ? {} : { cursor });
    yield* page.resources;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Removes the kept responses of a namespace whose URL matches a pattern. @returns their number */
export async function clearMatching(
  store: ResponseStore,
  access: StoreAccess,
  namespace: string,
  match: string,
): Promise<number> {
  const matches = compilePattern(match);
  let removed = 0;
  let cursor: string | undefined;
  do {
    const page: StorePage = await store.list(namespace, cursor === undefined ? {} : { cursor });
    for (const { key } of page.entries.filter((entry) => matches(urlOfKey(entry.key)))) {
      if (await access.delete(namespace, key)) removed += 1;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return removed;
}

function toResource({ key, metadata, size }: StorePage['entries'][number], hitsOf: HitsOf): KeptResource[] {
  const response = fromMetadata(metadata);
  if (!response) return [];
  const { status, rule, headers, receivedAt } = response;
  const type = fieldValue(headers, 'content-type') ?? '';
  const url = urlOfKey(key);
  return [
    {
      url,
      status,
      rule,
      type,
      bytes: size,
      receivedAt,
      isPersonal: key.includes(' credentials:'),
      hits: hitsOf(url),
    },
  ];
}
