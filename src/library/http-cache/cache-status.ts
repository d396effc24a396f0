import type { HeaderFields } from './headers.ts';

const CACHE_NAME = 'roundhouse';

/**
 * Parameters of this cache's member of the Cache-Status field.
 * @see https://www.rfc-editor.org/rfc/rfc9211.html#section-2
 */
export interface CacheStatus {
  /** The request was satisfied without being forwarded. */
  hit?: boolean;
  /** Why the request was forwarded. */
  fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale';
  /** Status of the origin's response. */
  fwdStatus?: number;
  /** Remaining freshness lifetime in seconds; negative if stale. */
  ttlS?: number;
  /** The response is being stored. */
  stored?: boolean;
  /** The request was collapsed with another one. */
  collapsed?: boolean;
  detail?: string;
}

/** Returns the fields with this cache's member appended to their Cache-Status. */
export function withCacheStatus(fields: HeaderFields, status: CacheStatus): HeaderFields {
  const previous = fields['cache-status'];
  const own = format(status);
  return { ...fields, 'cache-status': previous === undefined ? own : [...[previous].flat(), own] };
}

function format({ hit, fwd, fwdStatus, ttlS, stored, collapsed, detail }: CacheStatus): string {
  const parts = [
    CACHE_NAME,
    hit && 'hit',
    fwd && `fwd=${fwd}`,
    fwdStatus !== undefined && `fwd-status=${fwdStatus}`,
    ttlS !== undefined && `ttl=${Math.floor(ttlS)}`,
    stored && 'stored',
    collapsed && 'collapsed',
    detail && `detail=${detail}`,
  ];
  return parts.filter((part) => part).join('; ');
}
