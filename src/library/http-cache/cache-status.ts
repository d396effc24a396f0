import type { HeaderFields } from './headers.ts';

const CACHE_NAME = 'roundhouse';

/** How this cache handled a request. */
export interface Handling {
  hit?: boolean;
  /** Why the request went to the origin. */
  fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale';
  fwdStatus?: number;
  /** Seconds until the response is stale. */
  ttlS?: number;
  stored?: boolean;
  collapsed?: boolean;
  detail?: string;
}

/**
 * Adds this cache's line to the Cache-Status of those before it.
 * @see https://www.rfc-editor.org/rfc/rfc9211.html#section-2
 */
export function withCacheStatus(fields: HeaderFields, handling: Handling): HeaderFields {
  const { hit, fwd, fwdStatus, ttlS, stored, collapsed, detail } = handling;
  const line = [
    CACHE_NAME,
    hit && 'hit',
    fwd && `fwd=${fwd}`,
    fwdStatus !== undefined && `fwd-status=${fwdStatus}`,
    ttlS !== undefined && `ttl=${Math.floor(ttlS)}`,
    stored && 'stored',
    collapsed && 'collapsed',
    detail && `detail=${detail}`,
  ];
  const before = fields['cache-status'];
  const own = line.filter((part) => part).join('; ');
  return { ...fields, 'cache-status': before === undefined ? own : [...[before].flat(), own] };
}
