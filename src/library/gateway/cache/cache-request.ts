import type { HeaderFields } from '../../http-cache/headers.ts';
import { requestDirectives } from '../../http-cache/reuse.ts';
import { GatewayError } from '../errors.ts';
import type { LaneRequest, LaneResponse } from '../message.ts';
import type { LaneMode } from '../options.ts';
import type { CompiledRule } from '../rules/rule.ts';
import type { BypassReason, RequestResult } from '../traffic.ts';
import type { UpstreamResponse } from '../upstream/upstream.ts';
import type { ResponseKeys } from './key.ts';
import type { NotKeptReason } from './storage-decision.ts';

/** Why a kept response was not used, in the words of RFC 9211. */
export type MissReason = 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'store';

/** A request within the cache. */
export interface CacheRequest {
  readonly request: LaneRequest;
  readonly namespace: string;
  readonly rule: CompiledRule | undefined;
  readonly mode: LaneMode;
  /** Names of request header fields that identify a user. */
  readonly credentialNames: readonly string[];
  /** Sends a request to the origin. */
  readonly forward: (headers: HeaderFields, signal: AbortSignal) => Promise<UpstreamResponse>;
  /** Called with the bytes of bodies received from the origin. */
  readonly onReceived: (bytes: number) => void;
}

/** A response, and how it came about. */
export interface CacheReply {
  readonly response: LaneResponse;
  readonly result: RequestResult;
  readonly bypassReason?: BypassReason;
  readonly missReason?: MissReason;
  readonly notKept?: NotKeptReason;
}

/** Why a request is passed on without a look at the store; undefined if it is not. */
export function bypassReason({ request, rule, mode }: CacheRequest): BypassReason | undefined {
  if (mode === 'off') return 'mode';
  if (!rule) return 'no-rule';
  if ((request.method !== 'GET' && request.method !== 'HEAD') || request.body) return 'method';
  if (request.headers.accept === 'text/event-stream') return 'event-stream';
  return requestDirectives(request.headers).has('no-store') ? 'no-store' : undefined;
}

/** Whether a request may wait for the response to another one. A reload must reach the origin. */
export function mayJoin(headers: HeaderFields): boolean {
  const directives = requestDirectives(headers);
  return !directives.has('no-cache') && directives.limitS('max-age') !== 0;
}

/** Requests with the same name select the same response, unless the origin varies it by other fields. */
export function flightName({ namespace, request }: CacheRequest, keys: ResponseKeys): string {
  return `${namespace} ${keys.personal ?? keys.common} ${request.headers.origin ?? ''}`;
}

/** The Content-Length, if it is valid. */
export function contentLength({ 'content-length': field }: HeaderFields): number | undefined {
  return typeof field === 'string' && /^\d+$/.test(field) ? Number(field) : undefined;
}

/** The error of a request that is not kept while the lane is offline. */
export function offlineMiss(url: string): GatewayError {
  return new GatewayError('offline_miss', `${url} is not kept, and the lane is offline.`, { url });
}
