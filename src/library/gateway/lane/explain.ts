import type { CacheReply, MissReason } from '../cache/cache-request.ts';
import type { NotKeptReason } from '../cache/storage-decision.ts';
import type { LaneMode } from '../options.ts';
import type { BypassReason, RequestResult } from '../traffic.ts';

/** What a lane does with a URL, and what it did with the latest request for it. */
export interface Explanation {
  /** Pattern of the rule that matches; undefined if none does or the URL is excluded. */
  readonly rule: string | undefined;
  /** Whether a rule with `!` matches. */
  readonly excluded: boolean;
  /** Whether `block` matches. */
  readonly blocked: boolean;
  readonly mode: LaneMode;
  /** The latest request of this lane for the URL; undefined if there was none recently. */
  readonly latest: LatestRequest | undefined;
}

/** What became of a request. */
export interface LatestRequest {
  readonly result: RequestResult;
  /** Why it was passed on without a look at the store. */
  readonly bypassReason?: BypassReason;
  /** Why no kept response was used. */
  readonly missReason?: MissReason;
  /** Why the response was not kept. */
  readonly notKept?: NotKeptReason;
}

const MAX_URLS = 2000;

/** Remembers what became of the latest requests. */
export class LatestRequests {
  readonly #byUrl = new Map<string, LatestRequest>();

  /** Remembers a reply. */
  add(url: string, { result, bypassReason, missReason, notKept }: CacheReply): void {
    this.#byUrl.delete(url);
    if (this.#byUrl.size >= MAX_URLS) this.#byUrl.delete(this.#byUrl.keys().next().value!);
    this.#byUrl.set(url, {
      result,
      ...(bypassReason && { bypassReason }),
      ...(missReason && { missReason }),
      ...(notKept && { notKept }),
    });
  }

  /** The latest request for a URL. */
  get(url: string): LatestRequest | undefined {
    return this.#byUrl.get(url);
  }
}
