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
  /** Number of entries to read for a page, of which `match` may leave fewer. Default 100. */
  limit?: number;
  /** Pattern for the URL, as in rules. */
  match?: string;
}

/** Lists the kept responses of a namespace, some at a time. */
export async function listKept(
  store: ResponseStore,
  namespace: string,
  { cursor, limit = 100, match = '*' }: ListOptions,
): Promise<KeptPage> {
  const page = await store.list(namespace, { limit, ...(cursor === undefined ? {} : { cursor }) });
  const matches = compilePattern(match);
  const resources = page.entries.filter(({ key }) => matches(urlOfKey(key))).flatMap(toResource);
  return { resources, cursor: page.cursor };
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

function toResource({ key, metadata, size }: StorePage['entries'][number]): KeptResource[] {
  const response = fromMetadata(metadata);
  if (!response) return [];
  const { status, rule, headers, receivedAt } = response;
  const type = fieldValue(headers, 'content-type') ?? '';
  return [
    {
      url: urlOfKey(key),
      status,
      rule,
      type,
      bytes: size,
      receivedAt,
      isPersonal: key.includes(' credentials:'),
    },
  ];
}
