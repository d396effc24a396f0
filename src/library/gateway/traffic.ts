/** Why a request was passed on without looking for a kept response. */
export type BypassReason =
  | 'mode'
  | 'no-rule'
  | 'method'
  | 'range'
  | 'no-store'
  | 'handler'
  | 'event-stream'
  | 'websocket';

/** What became of a request. */
export type RequestResult = 'hit' | 'miss' | 'bypass';

/** Counters of requests and of the bytes of their bodies. */
export interface Traffic {
  requests: number;
  /** Responses that were sent from the store without a request to the origin, and those validated with a 304. */
  hits: number;
  misses: number;
  bypasses: number;
  /** Bytes of bodies sent to browsers. */
  bytesToBrowser: number;
  /** Bytes of bodies received from origins. */
  bytesFromUpstream: number;
  /** Bytes of bodies that were sent to browsers from the store. */
  bytesSaved: number;
}

/** One completed request, for counters. */
export interface CompletedRequest {
  readonly host: string;
  /** Media type of the response without parameters. */
  readonly type: string;
  /** Pattern of the rule that matched. */
  readonly rule: string | undefined;
  readonly result: RequestResult;
  readonly bypassReason?: BypassReason | undefined;
  readonly bytesToBrowser: number;
  readonly bytesFromUpstream: number;
  /** Bytes of the header sections of the request and of the response, as HTTP/1.1 would send them. */
  readonly headerBytes: number;
}

/** Figures of a lane or of a namespace since it was opened, from counters. */
export interface TrafficStats extends Traffic {
  readonly bypassReasons: Readonly<Partial<Record<BypassReason, number>>>;
  readonly byHost: Readonly<Record<string, Readonly<Traffic>>>;
  /** By media type. */
  readonly byType: Readonly<Record<string, Readonly<Traffic>>>;
  /** By the pattern of the rule. */
  readonly byRule: Readonly<Record<string, Readonly<Traffic>>>;
  /**
   * Bytes of header sections in both directions, as HTTP/1.1 would send them. The overhead of TLS and of
   * HTTP/2's framing is not counted.
   */
  readonly headerBytes: number;
}

/** A page can request any number of hosts. Those above this number are counted together. */
const MAX_GROUPS = 500;
const OTHERS = '(other)';

/** Counts requests. */
export class TrafficCounters {
  readonly #total = zero();
  readonly #bypassReasons = new Map<BypassReason, number>();
  readonly #byHost = new Map<string, Traffic>();
  readonly #byType = new Map<string, Traffic>();
  readonly #byRule = new Map<string, Traffic>();
  #headerBytes = 0;

  /** Adds one request. */
  add(request: CompletedRequest): void {
    const { host, type, rule, bypassReason } = request;
    this.#headerBytes += request.headerBytes;
    if (bypassReason !== undefined) {
      this.#bypassReasons.set(bypassReason, (this.#bypassReasons.get(bypassReason) ?? 0) + 1);
    }
    count(this.#total, request);
    count(group(this.#byHost, host), request);
    count(group(this.#byType, type), request);
    if (rule !== undefined) count(group(this.#byRule, rule), request);
  }

  /** A copy of the figures. */
  snapshot(): TrafficStats {
    const copies = (groups: Map<string, Traffic>) =>
      Object.fromEntries([...groups].map(([name, traffic]) => [name, { ...traffic }]));
    return {
      ...this.#total,
      headerBytes: this.#headerBytes,
      bypassReasons: Object.fromEntries(this.#bypassReasons),
      byHost: copies(this.#byHost),
      byType: copies(this.#byType),
      byRule: copies(this.#byRule),
    };
  }
}

function zero(): Traffic {
  return {
    requests: 0,
    hits: 0,
    misses: 0,
    bypasses: 0,
    bytesToBrowser: 0,
    bytesFromUpstream: 0,
    bytesSaved: 0,
  };
}

function group(groups: Map<string, Traffic>, name: string): Traffic {
  const key = groups.size >= MAX_GROUPS && !groups.has(name) ? OTHERS : name;
  let traffic = groups.get(key);
  if (!traffic) {
    traffic = zero();
    groups.set(key, traffic);
  }
  return traffic;
}

function count(traffic: Traffic, { result, bytesToBrowser, bytesFromUpstream }: CompletedRequest): void {
  traffic.requests += 1;
  if (result === 'hit') traffic.hits += 1;
  else if (result === 'miss') traffic.misses += 1;
  else traffic.bypasses += 1;
  traffic.bytesToBrowser += bytesToBrowser;
  traffic.bytesFromUpstream += bytesFromUpstream;
  if (result === 'hit') traffic.bytesSaved += bytesToBrowser;
}
