import type { HeaderFields } from '../../http-cache/headers.ts';
import { matchesSelectingFields } from '../../http-cache/vary.ts';
import type { CacheRequest, MissReason } from './cache-request.ts';
import { fromMetadata, selectionOf } from './kept-response.ts';
import { type ResponseKeys, variantKey } from './key.ts';
import type { KeptEntry } from './serve.ts';
import type { StoreAccess } from './store-access.ts';

/** What was found for a request. */
export interface Lookup {
  readonly kept: KeptEntry | undefined;
  readonly missReason: MissReason;
}

/** Finds the kept response that a request selects. */
export async function findKept(
  access: StoreAccess,
  { namespace, request }: CacheRequest,
  keys: ResponseKeys,
): Promise<Lookup> {
  let found = false;
  for (const key of [keys.personal, keys.common]) {
    if (key === undefined) continue;
    const first = await readKept(access, namespace, key);
    if (!first) continue;
    found = true;
    const isPermitted = ({ response }: KeptEntry) =>
      key === keys.personal || keys.personal === undefined || response.forEveryone;
    if (isPermitted(first) && matchesSelectingFields(request.headers, first.response.vary)) {
      return { kept: first, missReason: 'stale' };
    }
    const other = await readKept(access, namespace, otherVariantKey(key, request.headers, first));
    if (other && isPermitted(other) && matchesSelectingFields(request.headers, other.response.vary)) {
      return { kept: other, missReason: 'stale' };
    }
  }
  return { kept: undefined, missReason: found ? 'vary-miss' : 'uri-miss' };
}

/** The key of another variant than the first one: from the fields that this one names. */
export function otherVariantKey(key: string, headers: HeaderFields, { response }: KeptEntry): string {
  const vary = response.vary.map(([name]) => name).join(', ');
  return variantKey(key, selectionOf(headers, { vary, 'access-control-allow-origin': '*' }) ?? []);
}

/** The kept response of a key. */
export async function readKept(
  access: StoreAccess,
  namespace: string,
  key: string,
): Promise<KeptEntry | undefined> {
  const entry = await access.get(namespace, key);
  const response = entry && fromMetadata(entry.metadata);
  return response && { namespace, entry, response };
}
