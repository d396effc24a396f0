import { evaluateReuse } from '../../http-cache/reuse.ts';
import { matchesSelectingFields } from '../../http-cache/vary.ts';
import type { LaneRequest, LaneResponse } from '../message.ts';
import type { CompiledRule } from '../rules/rule.ts';
import { type KeptResponse, toStoredResponse } from './kept-response.ts';
import type { SharedBody } from './shared-body.ts';
import { policyOf } from './storage-decision.ts';

/** A response that begins to arrive and will be kept. */
export interface ArrivingResponse {
  readonly response: KeptResponse;
  readonly body: SharedBody;
  /** The Content-Length, if there is one. */
  readonly length: number | undefined;
  /** Opens the stored body from a position on, once it is kept. */
  readonly resume: Parameters<SharedBody['follow']>[0];
}

/**
 * The response to a request from that to another one for the same resource, while it arrives.
 * @param isShared whether the request has no credentials
 * @returns undefined if the request does not select it, or has to wait until it is stored
 */
export function followResponse(
  { headers }: LaneRequest,
  rule: CompiledRule,
  isShared: boolean,
  { response, body, length, resume }: ArrivingResponse,
): LaneResponse | undefined {
  // These are answered with 304 or with a part, from the store.
  if (headers['if-none-match'] ?? headers['if-modified-since'] ?? headers.range) return undefined;
  if (!matchesSelectingFields(headers, response.vary)) return undefined;
  const policy = policyOf(rule, isShared, 0);
  if (evaluateReuse(headers, toStoredResponse(response), 0, policy).action !== 'serve') return undefined;
  const followed = body.follow(resume);
  return (
    followed && {
      status: response.status,
      headers: {
        ...response.headers,
        ...(length === undefined ? {} : { 'content-length': String(length) }),
        'cache-status': 'roundhouse; fwd=uri-miss; collapsed',
      },
      body: followed,
    }
  );
}
