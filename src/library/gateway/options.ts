import type { Clock } from '../util/clock.ts';
import type { ResponseStore } from './cache/store.ts';
import type { Rule } from './rules/rule.ts';
import type { UpstreamTimeouts } from './upstream/upstream.ts';

/** Options of `openGateway`. */
export interface GatewayOptions {
  /** Folder where responses are kept, in a `DiskStore`. Processes may share it. Without it, `store` is used. */
  dir?: string;
  /** Where responses are kept. Default: a {@link MemoryResponseStore}. */
  store?: ResponseStore;
  /** Size of the store in `dir` or in memory, in bytes. Default 1 GiB in `dir`, 64 MiB in memory. */
  maxBytes?: number;
  /** Size of the memory in front of the store, in bytes; 0 for none. Default 64 MiB. */
  memoryBytes?: number;
  /**
   * Destinations that no lane connects to, even if its `allow` names them: `host`, `host:port`, addresses or
   * ranges such as `10.0.0.0/8`. Name your own services here.
   */
  deny?: readonly string[];
  /**
   * How browsers come to trust the gateway. `self-signed` (the default): one certificate for all hosts, whose
   * key exists only in memory; Chromium accepts it because of `launchArgs`. `minted`: certificates of an
   * authority, whose certificate you install in browsers that you do not launch.
   */
  ca?: 'self-signed' | 'minted';
  /** Folder for the authority's certificate and key with `ca: 'minted'`, which requires it. */
  caDir?: string;
  /** Certificates of authorities that origins may use, besides those that Node.js trusts, as PEM. */
  trust?: readonly string[];
  /** Deadlines of requests to origins. */
  timeouts?: UpstreamTimeouts;
  /** Linux: ids of the users whose processes may connect to lanes. Default: the user of this process. */
  userIds?: readonly number[];
  /** Largest body that is kept, in bytes, unless a rule says otherwise. Default 64 MiB. */
  maxBodyBytes?: number;
  /** Deadline for a read of the store, in milliseconds. A read that exceeds it counts as a miss. Default 2000. */
  storeTimeoutMs?: number;
  /** Called for each failed operation of the store and each failed background revalidation. */
  onError?: (error: unknown, url: string) => void;
  /** Monotonic time. Default: the system clock. */
  clock?: Clock;
  /** Milliseconds since the epoch, which HTTP dates are compared with. Default `Date.now`. */
  wallClock?: () => number;
}

/**
 * What a lane does with kept responses. `record` reads and writes, `replay` only reads, `offline` reads and
 * sends nothing to origins, `off` does neither.
 */
export type LaneMode = 'record' | 'replay' | 'offline' | 'off';

/** A request header field that is added for one origin. */
export interface RequestHeader {
  /** Such as `https://api.example`; requests to other origins do not get the field. */
  origin: string;
  /** Name of the field. */
  name: string;
  /** Value of the field. It is in neither keys nor stores. */
  value: string;
}

/** Responds to requests for a host in place of the network. */
export type HostHandler = (request: Request) => Response | Promise<Response>;

/** Options of `openLane`. */
export interface LaneOptions {
  /** Lanes with the same namespace share kept responses; others never do. Default: one for this lane alone. */
  namespace?: string;
  /** Which responses are kept. The first rule that matches applies. Default `['*']`: RFC 9111 for all. */
  rules?: readonly (string | Rule)[];
  /** Default `record`. */
  mode?: LaneMode;
  /**
   * Destinations that are permitted although they are not public, for example `127.0.0.1:8080`, `10.0.0.0/8`
   * or `*.internal`.
   */
  allow?: readonly string[];
  /** Patterns of URLs that are refused, with the same syntax as rules. */
  block?: readonly string[];
  /** Responds to requests for hosts from functions, over http and https. */
  hosts?: Readonly<Record<string, HostHandler>>;
  /** Adds header fields to requests for one origin each. */
  requestHeaders?: readonly RequestHeader[];
  /** IP addresses by host name, with or without a port, in place of those in the DNS. */
  resolve?: Readonly<Record<string, string>>;
}
