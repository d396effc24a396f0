/** Which resources are kept, and how. A string is the same as `{ match }`. */
export interface Rule {
  /**
   * Pattern for the whole URL: `*` matches any run of characters, `?` exactly one. With `!` in front, it
   * excludes what it matches from all rules.
   */
  match: string;
  /**
   * Freshness lifetime in seconds. Without `force`, of responses that specify none; with `force`, of all.
   * Default with `force`: 30 days for responses with `immutable` and for names with a content hash, such as
   * `main.3f2a9c1b.js`, and 1 day for all others.
   */
  ttlS?: number;
  /**
   * With `force`: each use of a response renews its lifetime of `ttlS`, until it is this many seconds old. Without it,
   * a use renews nothing.
   */
  maxTtlS?: number;
  /**
   * Keeps responses to GET for `ttlS` whatever their Cache-Control says. Without it, RFC 9111 decides.
   * Default false.
   */
  force?: boolean;
  /** How long after its lifetime a response is still served while it is revalidated, in seconds. Default 0. */
  staleWhileRevalidateS?: number;
  /** How long responses with status 404 and 410 are kept, in seconds. Without it, never. */
  negativeTtlS?: number;
  /**
   * Distinguishes versions of a resource: responses are kept separately for each value that this function
   * returns for a URL. A string is a constant.
   */
  version?: string | ((url: string) => string);
  /** Largest body that is kept, in bytes. Default: that of the gateway. */
  maxBytes?: number;
  /** Query parameters that are in neither keys nor stores: URLs that differ only in them are the same. */
  redact?: readonly string[];
  /**
   * Responses to requests with Cookie or Authorization: `key` keeps them separately for each set of
   * credentials, `ignore` keeps one for all. By default, `ignore` applies to responses that are `public` or
   * `immutable` and do not vary by Cookie, `key` to all others.
   */
  credentials?: 'key' | 'ignore';
}

/** A rule as the gateway applies it. */
export interface CompiledRule extends Readonly<Rule> {
  /** The pattern, which names the rule in figures. */
  readonly match: string;
  readonly force: boolean;
  /** Whether the rule has no TTL of its own. */
  readonly hasDefaultTtl: boolean;
  /** Names of query parameters. */
  readonly redact: readonly string[];
}
