/**
 * Parameters, request body and reply of the operations of the API that the panel uses, by method and path as in the
 * OpenAPI document.
 * Generated from openapi/openapi.json by `npm run docs`; do not edit.
 */
export interface Operations {
  'GET /apps': {
    reply: App[];
  };
  'POST /apps': {
    body: InstallRequest;
    reply: AppDetails;
  };
  'GET /apps/{workspace}/{app}': {
    path: {
      workspace: string;
      app: string;
    };
    reply: AppDetails;
  };
  'DELETE /apps/{workspace}/{app}': {
    path: {
      workspace: string;
      app: string;
    };
    reply: {
      /**
       * Responses that were removed from the cache
       */
      deleted_entries: number;
      stopped_sessions: number;
      /**
       * Other orchestrators that have not confirmed it within 3 s. They follow when they are connected to Redis again
       */
      pending_orchestrators: number;
    };
  };
  'GET /apps/{workspace}/{app}/cache': {
    path: {
      workspace: string;
      app: string;
    };
    reply: AppCache;
  };
  'DELETE /apps/{workspace}/{app}/cache': {
    path: {
      workspace: string;
      app: string;
    };
    query?: {
      match?: string;
    };
    reply: {
      deleted_entries: number;
      /**
       * Other orchestrators that have not confirmed it within 3 s. They follow when they are connected to Redis again
       */
      pending_orchestrators: number;
    };
  };
  'GET /apps/{workspace}/{app}/cache/history': {
    path: {
      workspace: string;
      app: string;
    };
    query?: {
      window_s?: number;
    };
    reply: AppSeries;
  };
  'GET /apps/{workspace}/{app}/cache/entries': {
    path: {
      workspace: string;
      app: string;
    };
    query?: {
      match?: string;
      sort?: 'hits';
      limit?: number;
      cursor?: string;
    };
    reply: {
      entries: CacheEntry[];
      next_cursor: string | null;
    };
  };
  'GET /apps/{workspace}/{app}/cache/explain': {
    path: {
      workspace: string;
      app: string;
    };
    query: {
      url: string;
    };
    reply: CacheExplanation;
  };
  'POST /apps/{workspace}/{app}/cache/warm': {
    path: {
      workspace: string;
      app: string;
    };
    body: {
      /**
       * @minItems 1
       * @maxItems 1000
       */
      urls: [string, ...string[]];
    };
    reply: {
      requested: number;
      /**
       * URLs whose request failed, or got a status of 400 or more
       */
      failed: string[];
    };
  };
  'POST /apps/{workspace}/{app}/sessions': {
    path: {
      workspace: string;
      app: string;
    };
    body?: StartRequest;
    reply: Session;
  };
  'GET /browser/sessions': {
    reply: Session[];
  };
  'GET /browser/sessions/{id}': {
    path: {
      id: string;
    };
    reply: Session;
  };
  'PATCH /browser/sessions/{id}': {
    path: {
      id: string;
    };
    body: {
      mode: 'record' | 'replay' | 'offline' | 'off';
    };
    reply: Session;
  };
  'DELETE /browser/sessions/{id}': {
    path: {
      id: string;
    };
    reply: Session;
  };
  'GET /browser/sessions/{id}/traffic': {
    path: {
      id: string;
    };
    reply: SessionTraffic;
  };
  'POST /browser/sessions/{id}/execute': {
    path: {
      id: string;
    };
    body: ExecuteRequest;
    reply: {
      /**
       * Value of the last expression, as JSON
       */
      result: {
        [k: string]: unknown;
      };
    };
  };
  'GET /cache/stats': {
    reply: CacheStats;
  };
  'POST /cache/clear': {
    query?: {
      pattern?: string;
      cache?: 'stats' | 'results';
    };
    body?: {
      /**
       * Glob over keys; `*` and `?` are wildcards
       */
      pattern?: string;
      /**
       * The cache to clear. Defaults to all.
       */
      cache?: 'stats' | 'results';
    };
    reply: {
      message: string;
      /**
       * Number of entries removed
       */
      cleared: number;
    };
  };
  'GET /config': {
    reply: Config;
  };
  'PATCH /config': {
    body: {
      /**
       * New values by environment variable; null returns to the value without the override
       */
      settings: {
        [k: string]: string | number | boolean | null;
      };
    };
    reply: Config;
  };
  'GET /custom-variant/config': {
    reply: EngineSettings;
  };
  'POST /custom-variant/config': {
    body: EngineSettings;
    reply: EngineSettings;
  };
  'POST /custom-variant/reprovision': {
    reply: {
      message: string;
      /**
       * Engines that will be replaced
       */
      deleted_count: number;
    };
  };
  'GET /custom-variant/reprovision/status': {
    reply: ReprovisionStatus;
  };
  'GET /custom-variant/templates': {
    reply: {
      templates: {
        /**
         * Slot of a template
         */
        slot_id: number;
        name: string;
        exists: boolean;
      }[];
      active_template_id: number | null;
    };
  };
  'POST /custom-variant/templates/{slot}': {
    path: {
      slot: number;
    };
    body: {
      name: string;
      config: EngineSettings;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'DELETE /custom-variant/templates/{slot}': {
    path: {
      slot: number;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'POST /custom-variant/templates/{slot}/activate': {
    path: {
      slot: number;
    };
    reply: {
      message: string;
      /**
       * Slot of a template
       */
      slot_id: number;
    };
  };
  'GET /engines': {
    reply: Engine[];
  };
  'GET /engines/stats/all': {
    reply: {
      [k: string]: EngineStats;
    };
  };
  'GET /engines/stats/total': {
    reply: TotalStats;
  };
  'DELETE /engines/{id}': {
    path: {
      id: string;
    };
    reply: {
      /**
       * Id of the removed engine
       */
      deleted: string;
    };
  };
  'POST /engines/{id}/restart': {
    path: {
      id: string;
    };
    reply: {
      /**
       * Id of the engine that was restarted
       */
      restarted: string;
      /**
       * Id of the engine that runs now: another one if engines are local processes
       */
      container_id: string;
    };
  };
  'GET /events': {
    query?: {
      limit?: number;
      offset?: number;
      event_type?: 'engine' | 'stream' | 'vpn' | 'health' | 'system' | 'app';
      category?: string;
      container_id?: string;
      stream_id?: string;
      since?: string | number;
      until?: string | number;
      before_id?: number;
      q?: string;
    };
    reply: Event[];
  };
  'GET /health': {
    reply: Health;
  };
  'POST /health/circuit-breaker/reset': {
    query?: {
      operation_type?: 'general' | 'replacement';
    };
    reply: {
      message: string;
    };
  };
  'GET /nodes': {
    reply: Node[];
  };
  'GET /notifications': {
    reply: {
      targets: NotifyTarget[];
      quiet_s: number;
    };
  };
  'POST /notifications/test': {
    reply: {
      results: {
        /**
         * The configured URL without what may be secret: credentials, path and query
         */
        url: string;
        delivered: boolean;
        error: string | null;
      }[];
    };
  };
  'GET /orchestrator/status': {
    reply: OrchestratorStatus;
  };
  'GET /profiles': {
    reply: ProfileSummary[];
  };
  'GET /profiles/{user}/{session}': {
    path: {
      user: string;
      session: string;
    };
    reply: Profile;
  };
  'DELETE /profiles/{user}/{session}': {
    path: {
      user: string;
      session: string;
    };
    reply: {
      deleted: string;
    };
  };
  'POST /profiles/{user}/{session}/rollback': {
    path: {
      user: string;
      session: string;
    };
    body: {
      /**
       * Version whose content becomes the newest
       */
      version: number;
    };
    reply: {
      /**
       * Number of the new version
       */
      version: number;
    };
  };
  'POST /profiles/{user}/{session}/fork': {
    path: {
      user: string;
      session: string;
    };
    body: {
      /**
       * Name of the new profile
       */
      session: string;
      /**
       * Default: the newest
       */
      version?: number;
    };
    reply: Profile;
  };
  'POST /provision/acestream': {
    body?: {
      labels?: {
        [k: string]: string;
      } | null;
      env?: {
        [k: string]: string;
      } | null;
      host_port?: number | null;
    };
    reply: ProvisionedEngine;
  };
  'POST /scale/{demand}': {
    path: {
      demand: number;
    };
    reply: {
      scaled_to: number;
    };
  };
  'GET /session': {
    reply: SessionState;
  };
  'POST /session': {
    body: {
      /**
       * The API key
       */
      key: string;
      /**
       * Whether to stay logged in for 30 days, instead of until the browser is closed
       */
      remember?: boolean;
    };
    reply: SessionState;
  };
  'DELETE /session': {
    reply: SessionState;
  };
  'GET /stats/history': {
    query?: {
      window_s?: number;
    };
    reply: SeriesWindow;
  };
  'GET /stats/history/{id}': {
    path: {
      id: string;
    };
    query?: {
      window_s?: number;
    };
    reply: EngineSeriesWindow;
  };
  'GET /streams': {
    query?: {
      status?: 'started' | 'ended';
      container_id?: string;
      limit?: number;
      cursor?: string;
    };
    reply: Stream[];
  };
  'DELETE /streams/{id}': {
    path: {
      id: string;
    };
    reply: {
      message: string;
      stream_id: string;
      /**
       * Whether the engine confirmed that the session has ended
       */
      stopped: boolean;
      stream: Stream;
    };
  };
  'GET /vpn/status': {
    reply: VpnStatus;
  };
}
export interface App {
  workspace: string;
  app_id: string;
  name: string;
  type: 'web-python' | 'web-app' | 'window' | 'iframe' | 'web-worker';
  version: string | null;
  description: string | null;
  /**
   * RFC 3339, UTC
   */
  installed_at: string;
  /**
   * Sessions that have not ended
   */
  live_sessions: number;
  /**
   * Responses from the cache since the start of the service
   */
  hits: number;
  /**
   * Requests since the start of the service for which nothing was stored
   */
  misses: number;
  /**
   * Bodies sent to sessions from the cache since the start of the service, in bytes
   */
  bytes_saved: number;
}
export interface InstallRequest {
  /**
   * Apps of a workspace share one Chromium; apps never share caches or storage
   */
  workspace: string;
  /**
   * Default: derived from the name
   */
  app_id?: string;
  manifest: AppManifest;
  /**
   * Content of the main file: Python, HTML, or a JavaScript module for `web-worker`
   */
  source?: string;
  /**
   * @maxItems 1000
   */
  files?: AppFile[];
  /**
   * Whether an installed app with this id is replaced. Default false
   */
  overwrite?: boolean;
}
export interface AppManifest {
  /**
   * Python in Pyodide (`web-python`), an external page (`web-app`), a page (`window`), a page in an iframe (`iframe`), or a module in a Worker (`web-worker`)
   */
  type: 'web-python' | 'web-app' | 'window' | 'iframe' | 'web-worker';
  name: string;
  version?: string;
  description?: string;
  /**
   * The page of a `web-app`
   */
  url?: string;
  /**
   * The main file among `files`; for a `web-app`, the same as `url`
   */
  entry_point?: string;
  /**
   * Content of the main file: Python, HTML, or a JavaScript module for `web-worker`
   */
  source?: string;
  /**
   * @maxItems 1000
   */
  files?: AppFile[];
  /**
   * Python packages that `web-python` installs with micropip
   *
   * @maxItems 200
   */
  requirements?: string[];
  /**
   * Whether sessions use the cache of the app. Default true
   */
  enable_cache?: boolean;
  /**
   * Which responses are stored: patterns or rules. The first that matches applies
   *
   * @maxItems 500
   */
  cache_routes?: (string | CacheRule)[];
  /**
   * Cookies of the entry point, by name
   */
  cookies?: {
    [k: string]: string;
  };
  /**
   * Items of localStorage at the origin of the entry point
   */
  localStorage?: {
    [k: string]: string;
  };
  /**
   * The same as `localStorage`
   */
  local_storage?: {
    [k: string]: string;
  };
  /**
   * Items of sessionStorage at the origin of the entry point
   */
  session_storage?: {
    [k: string]: string;
  };
  /**
   * Value of the Authorization field of requests to the origin of the entry point and to `authorization_origins`. Without a scheme, `Bearer` is added
   */
  authorization_token?: string;
  /**
   * Further origins that get `authorization_token`
   *
   * @maxItems 50
   */
  authorization_origins?: string[];
  /**
   * Accepted for manifests of other systems. Every session is isolated, so it has no effect
   */
  detached?: boolean;
  /**
   * Whether a start returns the running session if there is one
   */
  singleton?: boolean;
  /**
   * JavaScript that runs in the page once it is loaded
   */
  startup_script?: string;
  startup_config?: {
    /**
     * How long a start may take, in seconds. Default 60
     */
    timeout?: number;
    /**
     * Global variable that the page sets when the app is ready
     */
    wait_for_service?: string;
    /**
     * Ends a session whose page sends no requests and in which no scripts are executed for this long; 0 for never. Default 0, in seconds
     */
    stop_after_inactive?: number;
  };
  /**
   * Browser profile of the workspace that sessions use and save when they end
   */
  profile?: string;
  /**
   * Default 1280 × 720
   */
  viewport?: {
    width: number;
    height: number;
  };
  /**
   * Whether the app is started once in the background after its installation, so that its cache is filled. The session ends when the app is ready. Default false
   */
  warm?: boolean;
  /**
   * Memory that a session may use, in MiB, over all processes of its Chromium, which it shares with no other session. A session that uses more fails. Only on Linux
   */
  memory_limit_mib?: number;
  /**
   * How often a session is started again after a crash or too much memory, after 1 s, 2 s, 4 s and so on up to 60 s. The count begins anew when a session has run for 10 minutes. Default 0
   */
  max_restarts?: number;
  /**
   * Patterns of URLs that are refused
   *
   * @maxItems 500
   */
  block?: string[];
}
export interface AppFile {
  /**
   * Relative path, such as `lib/a.js`
   */
  path: string;
  content: string;
  /**
   * Of `content`. Default `utf8`
   */
  encoding?: 'utf8' | 'base64';
}
export interface CacheRule {
  /**
   * Pattern for the whole URL; `*` and `?` are wildcards, a leading `!` excludes
   */
  match: string;
  /**
   * Lifetime of responses that specify none; with `force`, of all. Default BROWSER_CACHE_TTL_S, in seconds
   */
  ttl_s?: number;
  /**
   * Whether responses are stored regardless of Cache-Control
   */
  force?: boolean;
  /**
   * How long after its lifetime a response is still served while it is loaded again, in seconds
   */
  stale_while_revalidate_s?: number;
  /**
   * How long responses with status 404 and 410 are stored, in seconds
   */
  negative_ttl_s?: number;
  /**
   * Responses are stored separately for each value
   */
  version?: string;
  /**
   * Largest body that is stored
   */
  max_bytes?: number;
  /**
   * Query parameters, such as tokens, that are not stored
   *
   * @maxItems 50
   */
  redact?: string[];
  /**
   * Whether responses are stored for each set of credentials or once for all
   */
  credentials?: 'key' | 'ignore';
}
/**
 * `warm_up` is the start after the installation, if the manifest asks for one with `warm`; null if there was none since the start of the service. In the manifest, secrets are replaced by `***`: the token, and the values of cookies and storage
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "AppDetails".
 */
export interface AppDetails {
  workspace: string;
  app_id: string;
  name: string;
  type: 'web-python' | 'web-app' | 'window' | 'iframe' | 'web-worker';
  version: string | null;
  description: string | null;
  /**
   * RFC 3339, UTC
   */
  installed_at: string;
  /**
   * Sessions that have not ended
   */
  live_sessions: number;
  /**
   * Responses from the cache since the start of the service
   */
  hits: number;
  /**
   * Requests since the start of the service for which nothing was stored
   */
  misses: number;
  /**
   * Bodies sent to sessions from the cache since the start of the service, in bytes
   */
  bytes_saved: number;
  warm_up: WarmUp | null;
  manifest: AppManifest;
}
export interface WarmUp {
  /**
   * `waiting` until the app is ready
   */
  status: 'waiting' | 'completed' | 'failed';
  reason: string | null;
}
/**
 * Figures other than those of stored entries count since the start of the service
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "AppCache".
 */
export interface AppCache {
  entry_count: number;
  /**
   * Stored bodies, in bytes
   */
  total_size_bytes: number;
  oldest_entry: number | null;
  newest_entry: number | null;
  /**
   * Whether a session stores responses now
   */
  recording: boolean;
  requests: number;
  /**
   * Responses from the cache, and those validated with a 304
   */
  hits: number;
  misses: number;
  /**
   * Requests that were passed on without looking for a stored response
   */
  bypasses: number;
  /**
   * Bodies sent to the browser, in bytes
   */
  bytes_to_browser: number;
  /**
   * Bodies received from servers, in bytes
   */
  bytes_from_upstream: number;
  /**
   * Bodies sent to the browser from the cache, in bytes
   */
  bytes_saved: number;
  bypass_reasons: {
    [k: string]: number;
  };
  by_host: {
    [k: string]: Traffic;
  };
  by_type: {
    [k: string]: Traffic;
  };
  by_rule: {
    [k: string]: Traffic;
  };
  /**
   * Header sections in both directions, as HTTP/1.1 would send them, in bytes
   */
  header_bytes: number;
  /**
   * Durations of starts; warm if all responses that the rules select came from the cache
   */
  starts: {
    cold: StartTimes;
    warm: StartTimes;
  };
  /**
   * The 20 resources that were requested most
   */
  most_used: ResourceUse[];
  /**
   * The rules of the app in their order, with their requests
   */
  rules: RuleUse[];
  /**
   * Responses that were removed to make room
   */
  evictions: number;
  /**
   * Failed operations of the store, for all apps; each counted as a miss
   */
  store_errors: number;
}
export interface Traffic {
  requests: number;
  /**
   * Responses from the cache, and those validated with a 304
   */
  hits: number;
  misses: number;
  /**
   * Requests that were passed on without looking for a stored response
   */
  bypasses: number;
  /**
   * Bodies sent to the browser, in bytes
   */
  bytes_to_browser: number;
  /**
   * Bodies received from servers, in bytes
   */
  bytes_from_upstream: number;
  /**
   * Bodies sent to the browser from the cache, in bytes
   */
  bytes_saved: number;
}
export interface StartTimes {
  count: number;
  last_seconds: number | null;
  mean_seconds: number | null;
}
export interface ResourceUse {
  url: string;
  requests: number;
  hits: number;
  /**
   * Bytes
   */
  bytes_to_browser: number;
}
export interface RuleUse {
  match: string;
  requests: number;
  /**
   * Responses from the cache, and those validated with a 304
   */
  hits: number;
  misses: number;
  /**
   * Requests that were passed on without looking for a stored response
   */
  bypasses: number;
  /**
   * Bodies sent to the browser, in bytes
   */
  bytes_to_browser: number;
  /**
   * Bodies received from servers, in bytes
   */
  bytes_from_upstream: number;
  /**
   * Bodies sent to the browser from the cache, in bytes
   */
  bytes_saved: number;
}
/**
 * Each column has one value per interval in `t`: what was counted within it, or null before the start of the service
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "AppSeries".
 */
export interface AppSeries {
  /**
   * Length of an interval, in seconds
   */
  interval_s: number;
  /**
   * Seconds since the epoch
   */
  from: number;
  /**
   * Seconds since the epoch
   */
  to: number;
  /**
   * Start of each interval, in seconds since the epoch
   *
   * @maxItems 400
   */
  t: number[];
  hits: (number | null)[];
  misses: (number | null)[];
  bypasses: (number | null)[];
  bytes_to_browser: (number | null)[];
  bytes_from_upstream: (number | null)[];
  bytes_saved: (number | null)[];
}
export interface CacheEntry {
  url: string;
  status: number;
  content_type: string;
  /**
   * Body as stored, which may be compressed, in bytes
   */
  bytes: number;
  /**
   * RFC 3339, UTC
   */
  received_at: string;
  /**
   * Since the start of the service
   */
  hits: number;
  /**
   * Whether it is stored for one set of credentials
   */
  personal: boolean;
}
export interface CacheExplanation {
  rule: string | null;
  /**
   * Whether a rule with `!` matches
   */
  excluded: boolean;
  /**
   * Whether `block` of the manifest matches
   */
  blocked: boolean;
  /**
   * What the latest session does with the cache
   */
  mode: string;
  latest: {
    result: 'hit' | 'miss' | 'bypass';
    bypass_reason: string | null;
    miss_reason: string | null;
    not_stored: string | null;
  } | null;
}
export interface StartRequest {
  /**
   * `record` reads and writes the cache, `record-start` only reads once the app is ready, `replay` only reads, `offline` sends no requests, `off` does not use the cache. Default `record`
   */
  mode?: 'record' | 'record-start' | 'replay' | 'offline' | 'off';
  /**
   * Default: that of the manifest, if any
   */
  profile?: string;
  /**
   * How long the start may take
   */
  timeout_s?: number;
}
export interface Session {
  id: string;
  workspace: string;
  app_id: string;
  name: string;
  type: 'web-python' | 'web-app' | 'window' | 'iframe' | 'web-worker';
  /**
   * `completed`: the page closed itself, or the cache is warm
   */
  status: 'starting' | 'running' | 'stopping' | 'completed' | 'failed' | 'stopped';
  reason: string | null;
  code: string | null;
  /**
   * What it does with the cache
   */
  mode: 'record' | 'record-start' | 'replay' | 'offline' | 'off';
  profile: string | null;
  /**
   * Whether it only fills the cache after the installation
   */
  warm_up: boolean;
  restart_of: string | null;
  /**
   * RFC 3339, UTC
   */
  created_at: string;
  ready_at: string | null;
  ended_at: string | null;
  start_seconds: number | null;
  requests: number;
  /**
   * Responses from the cache
   */
  hits: number;
  /**
   * Bodies received from servers, in bytes
   */
  bytes_from_upstream: number;
  memory_bytes: number | null;
  /**
   * Whether scripts can be executed now: the session runs, and BROWSER_EXECUTE is not `false`
   */
  can_execute: boolean;
}
export interface SessionTraffic {
  requests: number;
  /**
   * Responses from the cache, and those validated with a 304
   */
  hits: number;
  misses: number;
  /**
   * Requests that were passed on without looking for a stored response
   */
  bypasses: number;
  /**
   * Bodies sent to the browser, in bytes
   */
  bytes_to_browser: number;
  /**
   * Bodies received from servers, in bytes
   */
  bytes_from_upstream: number;
  /**
   * Bodies sent to the browser from the cache, in bytes
   */
  bytes_saved: number;
  bypass_reasons: {
    [k: string]: number;
  };
  by_host: {
    [k: string]: Traffic;
  };
  by_type: {
    [k: string]: Traffic;
  };
  by_rule: {
    [k: string]: Traffic;
  };
  /**
   * Header sections in both directions, as HTTP/1.1 would send them, in bytes
   */
  header_bytes: number;
  /**
   * Requests that `block` or the policy for private hosts refused
   */
  blocked: number;
  /**
   * Requests of Chromium itself, which are refused
   */
  background: number;
  /**
   * Connections that were refused before they had a URL
   */
  refused: number;
  /**
   * Requests that failed at the server or on the way
   */
  failures: number;
  /**
   * Bytes
   */
  web_socket_bytes_to_browser: number;
  /**
   * Bytes
   */
  web_socket_bytes_to_upstream: number;
}
export interface ExecuteRequest {
  /**
   * JavaScript, as in the console of a browser: `await` is permitted
   */
  script: string;
  timeout_s?: number;
}
export interface CacheStats {
  /**
   * Fresh entries
   */
  size: number;
  /**
   * Replies to clients from the cache
   */
  hits: number;
  /**
   * Replies to clients that had to be loaded
   */
  misses: number;
  /**
   * Percent of the reads of clients, two decimals
   */
  hit_rate: number;
  entries: {
    key: string;
    /**
     * Seconds since the entry was loaded
     */
    age: number;
    /**
     * Seconds until the entry expires
     */
    ttl_remaining: number;
    bytes: number;
  }[];
  /**
   * Loads from the source
   */
  loads: number;
  /**
   * Misses that waited for a load already in progress
   */
  collapsed: number;
  /**
   * Misses answered with the last good value because the load failed
   */
  stale: number;
  load_errors: number;
  evictions: number;
  invalidations: number;
  store_errors: number;
  /**
   * Bytes in memory, including expired entries that are kept as fallbacks
   */
  bytes: number;
  /**
   * Loads in progress
   */
  in_flight: number;
  adaptive_ttl: AdaptiveTtl | null;
  /**
   * Duration of the loads that succeeded, by key without the hash of its arguments
   */
  load_times: {
    [k: string]: LoadTimes;
  };
  /**
   * Each cache by name, by tier, since the start
   */
  caches: {
    stats: {
      memory: MemoryTier;
      redis: RedisTier | null;
    };
    results: {
      memory: MemoryTier;
      redis: RedisTier | null;
    };
  };
}
/**
 * Bounds of the TTLs, or null without CACHE_ADAPTIVE_TTL
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "AdaptiveTtl".
 */
export interface AdaptiveTtl {
  /**
   * Longest TTL of a key
   */
  max_ttl_seconds: number;
  /**
   * Largest share of the time that loads of a key take, unless its TTL would be too long
   */
  max_load_share: number;
}
export interface LoadTimes {
  /**
   * Loads that succeeded
   */
  count: number;
  /**
   * Loads that failed
   */
  failed: number;
  mean_seconds: number | null;
  last_seconds: number | null;
}
export interface MemoryTier {
  /**
   * Entries, including expired ones that are kept as fallbacks
   */
  entry_count: number;
  bytes: number;
  hits: number;
  misses: number;
  loads: number;
  collapsed: number;
  stale: number;
  load_errors: number;
  evictions: number;
}
export interface RedisTier {
  /**
   * Whether invalidations of other orchestrators are received
   */
  connected: boolean;
  /**
   * Values found in Redis
   */
  hits: number;
  /**
   * Values found in Redis that were unreadable, and were removed
   */
  corrupt: number;
  /**
   * Loads performed on behalf of all orchestrators
   */
  leads: number;
  /**
   * Reads that waited for the load of another orchestrator
   */
  waits: number;
  /**
   * Reads for which Redis was unavailable
   */
  bypasses: number;
  /**
   * Values written to Redis
   */
  stored: number;
  /**
   * Values that Redis did not accept: they were invalidated meanwhile, or Redis is full
   */
  refused: number;
  /**
   * Redis commands that failed
   */
  faults: number;
}
export interface Config {
  settings: Setting[];
}
export interface Setting {
  /**
   * The environment variable
   */
  name: string;
  /**
   * As text; secrets are masked
   */
  value: string;
  /**
   * Where the value comes from; `file` is `.env`
   */
  source: 'default' | 'environment' | 'file' | 'override';
  replaced: string | null;
  default: string;
  unit: string;
  description: string;
  /**
   * Whether it can be changed without a restart
   */
  changeable: boolean;
  secret: boolean;
}
export interface EngineSettings {
  /**
   * Whether new engines use these settings instead of ENGINE_VARIANT
   */
  enabled: boolean;
  platform: 'amd64' | 'arm32' | 'arm64';
  /**
   * Version of the engine on `arm32` and `arm64`
   */
  arm_version: '3.2.13' | '3.2.14';
  memory_limit: string | null;
  /**
   * @maxItems 100
   */
  parameters: EngineParameter[];
}
export interface EngineParameter {
  /**
   * Such as `--live-cache-size`
   */
  name: string;
  /**
   * A flag has no value; sizes are in bytes
   */
  type: 'flag' | 'string' | 'int' | 'bytes' | 'path';
  value: string | number | boolean;
  /**
   * Whether it is passed to engines
   */
  enabled: boolean;
}
export interface ReprovisionStatus {
  in_progress: boolean;
  status: 'idle' | 'in_progress' | 'success' | 'error';
  message: string | null;
  timestamp: string | null;
  total_engines: number;
  engines_stopped: number;
  engines_provisioned: number;
  current_engine_id: string | null;
  current_phase: ('preparing' | 'stopping' | 'cleaning' | 'provisioning' | 'complete' | 'error') | null;
}
export interface Engine {
  container_id: string;
  container_name: string;
  node: {
    id: string;
    /**
     * Host name, which need not be unique
     */
    name: string;
  } | null;
  /**
   * Host on which `port` is reachable
   */
  host: string;
  port: number;
  /**
   * Labels of the caller, the label of managed engines, and `host.http_port`, `acestream.http_port` and so on
   */
  labels: {
    [k: string]: string;
  };
  /**
   * Whether the VPN's forwarded port leads to this engine
   */
  forwarded: boolean;
  /**
   * When Roundhouse first saw the engine
   */
  first_seen: string;
  started_at: string | null;
  /**
   * RFC 3339, UTC
   */
  last_seen: string;
  /**
   * Ids of the streams that are playing
   */
  streams: string[];
  health_status: 'healthy' | 'unhealthy' | 'unknown';
  /**
   * When `health_status` last changed
   */
  health_since: string;
  /**
   * Whether the container is paused. Its streams go on when it is resumed.
   */
  paused: boolean;
  last_health_check: string | null;
  last_stream_usage: string | null;
  vpn_container: string | null;
  engine_variant: string | null;
  platform: string | null;
  version: string | null;
  forwarded_port: number | null;
  /**
   * For older clients: engines manage their own cache
   */
  last_cache_cleanup: null;
  /**
   * For older clients: the size is unknown
   */
  cache_size_bytes: null;
}
export interface EngineStats {
  container_id: string;
  /**
   * Percent; 100 is one core
   */
  cpu_percent: number;
  /**
   * Without the page cache, in bytes
   */
  memory_usage: number;
  /**
   * Bytes
   */
  memory_limit: number;
  memory_percent: number;
  /**
   * Received, in bytes
   */
  network_rx_bytes: number;
  /**
   * Sent, in bytes
   */
  network_tx_bytes: number;
  /**
   * Whose network the counters describe. With `host`, the traffic cannot be attributed to the engine and both are 0.
   */
  network_scope: 'own' | 'shared' | 'host';
  /**
   * Bytes
   */
  block_read_bytes: number;
  /**
   * Bytes
   */
  block_write_bytes: number;
  /**
   * Whether these are its latest figures, because the agent of the engine's node has sent no current ones
   */
  stale: boolean;
}
export interface TotalStats {
  /**
   * Percent; 100 is one core
   */
  total_cpu_percent: number;
  /**
   * Bytes
   */
  total_memory_usage: number;
  /**
   * Each network namespace counted once, in bytes
   */
  total_network_rx_bytes: number;
  /**
   * Each network namespace counted once, in bytes
   */
  total_network_tx_bytes: number;
  /**
   * Bytes
   */
  total_block_read_bytes: number;
  /**
   * Bytes
   */
  total_block_write_bytes: number;
  /**
   * Number of engines included
   */
  container_count: number;
  /**
   * Number of these whose latest figures are used, because their nodes have sent no current ones
   */
  stale_container_count: number;
  /**
   * Host names of the nodes of a Docker Swarm that have sent no current figures
   */
  missing_nodes: string[];
}
export interface Event {
  /**
   * Increases with time
   */
  id: number;
  /**
   * RFC 3339, UTC
   */
  timestamp: string;
  /**
   * What the event is about
   */
  event_type: 'engine' | 'stream' | 'vpn' | 'health' | 'system' | 'app';
  /**
   * What has happened, such as `created`, `started`, `ended`, `failed` or `recovered`
   */
  category: string;
  message: string;
  container_id: string | null;
  stream_id: string | null;
  details: {
    [k: string]: string | number | boolean | null;
  };
}
export interface Health {
  status: 'healthy' | 'unavailable';
  runtime: {
    name: string;
    available: boolean;
    fallback: {
      /**
       * Whether the engines are emulated and play nothing
       */
      emulated: boolean;
      /**
       * Whether Docker has responded since the start
       */
      docker_responds: boolean;
      /**
       * What an operator can do
       */
      message: string;
    } | null;
    unavailable_since: string | null;
    unavailable_reason: string | null;
    managers: {
      /**
       * Whether a manager responds
       */
      available: boolean;
      unavailable_since: string | null;
      unavailable_reason: string | null;
    } | null;
  };
  /**
   * Number of engines
   */
  engines: number;
  /**
   * Where the event log is stored. It does not affect `status`.
   */
  history: {
    store: 'file' | 'memory' | 'away';
  };
  cluster: {
    redis: 'connected' | 'away';
    redis_away_since: string | null;
    /**
     * Whether this orchestrator is the leader, which starts and removes engines
     */
    leading: boolean;
  } | null;
  uptime_seconds: number;
}
export interface Node {
  id: string;
  /**
   * Host name, which need not be unique
   */
  name: string;
  /**
   * Address at which its engines are reached
   */
  address: string;
  role: 'manager' | 'worker';
  /**
   * Whether it leads the managers of the Swarm
   */
  leader: boolean;
  /**
   * `ready`, `down`, `unknown` or `disconnected` as the managers see it; `lost` if neither its agent nor any of its engines responds, although the managers have not noticed that yet
   */
  state: string;
  /**
   * RFC 3339, UTC
   */
  state_since: string;
  /**
   * `active`, `pause` or `drain`
   */
  availability: string;
  labels: {
    [k: string]: string;
  };
  cpus: number | null;
  memory: number | null;
  docker_version: string | null;
  /**
   * Whether its agent responds; `missing` if none has ever responded, `not_configured` without SWARM_AGENTS
   */
  agent: 'connected' | 'unreachable' | 'missing' | 'not_configured';
  agent_since: string | null;
  agent_version: string | null;
  load_average: number | null;
  memory_available: number | null;
  /**
   * Ids of the engines that run on it
   */
  engines: string[];
  /**
   * Number of streams that play on these engines
   */
  streams: number;
}
export interface NotifyTarget {
  /**
   * The configured URL without what may be secret: credentials, path and query
   */
  url: string;
  kind: 'webhook' | 'ntfy' | 'apprise';
  /**
   * The least urgent level that is sent
   */
  level: 'info' | 'warning' | 'error';
  /**
   * Notifications that wait to be sent
   */
  waiting: number;
  /**
   * Notifications sent since the start
   */
  sent: number;
  /**
   * Notifications dropped since the start
   */
  dropped: number;
  last_sent_at: string | null;
  error: string | null;
}
export interface OrchestratorStatus {
  /**
   * `unavailable` if no engine is running, `degraded` if none can be provisioned although there is room
   */
  status: 'healthy' | 'degraded' | 'unavailable';
  engines: {
    total: number;
    running: number;
    healthy: number;
    unhealthy: number;
  };
  streams: {
    /**
     * Streams that are playing
     */
    active: number;
    /**
     * These and the ended streams that are still listed
     */
    total: number;
  };
  capacity: {
    /**
     * Engines
     */
    total: number;
    /**
     * Engines with at least one stream
     */
    used: number;
    /**
     * Engines without a stream
     */
    available: number;
    /**
     * MAX_REPLICAS
     */
    max_replicas: number;
    /**
     * MIN_REPLICAS
     */
    min_replicas: number;
  };
  vpn: {
    enabled: boolean;
    connected: boolean;
    health: string;
    container: string | null;
    forwarded_port: number | null;
  };
  provisioning: {
    can_provision: boolean;
    circuit_breaker_state: 'closed' | 'open' | 'half_open';
    last_failure: string | null;
    last_failure_reason: string | null;
    breaker_opened_at: string | null;
    blocked_reason: string | null;
    blocked_reason_details: ProvisioningBlock | null;
  };
  config: {
    auto_delete: boolean;
    grace_period_s: number;
    engine_variant: string;
    debug_mode: boolean;
  };
  /**
   * RFC 3339, UTC
   */
  timestamp: string;
}
export interface ProvisioningBlock {
  code: 'vpn_disconnected' | 'circuit_breaker' | 'max_capacity';
  message: string;
  recovery_eta_seconds: number | null;
  /**
   * Whether another attempt may succeed without intervention
   */
  can_retry: boolean;
  /**
   * Whether the client should wait and try again
   */
  should_wait: boolean;
}
export interface ProfileSummary {
  user: string;
  session: string;
  /**
   * Versions that are kept
   */
  version_count: number;
  /**
   * The newest version
   */
  version: number;
  /**
   * RFC 3339, UTC
   */
  updated_at: string;
  /**
   * Files of the version, before deduplication and compression, in bytes
   */
  bytes: number;
}
export interface Profile {
  user: string;
  session: string;
  /**
   * Newest first
   */
  versions: ProfileVersion[];
}
export interface ProfileVersion {
  version: number;
  /**
   * RFC 3339, UTC
   */
  created_at: string;
  /**
   * Files of the version, before deduplication and compression, in bytes
   */
  bytes: number;
  file_count: number;
  /**
   * Why it exists, such as `commit`, `fork` or `rollback`
   */
  reason: string;
  restored_checkpoint: string | null;
}
export interface ProvisionedEngine {
  container_id: string;
  container_name: string;
  host_http_port: number;
  container_http_port: number;
  container_https_port: number;
}
export interface SessionState {
  /**
   * Whether the request has the cookie of a login, or the key from a proxy
   */
  logged_in: boolean;
  /**
   * Whether reads require the API key too (`AUTH_READS`)
   */
  reads_need_key: boolean;
}
/**
 * Each column has one value per interval in `t`, null if unknown. CPU: percent, 100 is one core. Memory: bytes. Rates: bytes per second. `cache_*`: counted within the interval.
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "SeriesWindow".
 */
export interface SeriesWindow {
  /**
   * Length of an interval, in seconds
   */
  interval_s: number;
  /**
   * Seconds since the epoch
   */
  from: number;
  /**
   * Seconds since the epoch
   */
  to: number;
  /**
   * Start of each interval, in seconds since the epoch
   *
   * @maxItems 400
   */
  t: number[];
  cpu_percent: (number | null)[];
  memory_usage: (number | null)[];
  network_rx_rate: (number | null)[];
  network_tx_rate: (number | null)[];
  block_read_rate: (number | null)[];
  block_write_rate: (number | null)[];
  engines_total: (number | null)[];
  engines_healthy: (number | null)[];
  engines_used: (number | null)[];
  streams_active: (number | null)[];
  cache_hits: (number | null)[];
  cache_misses: (number | null)[];
  cache_loads: (number | null)[];
  cache_collapsed: (number | null)[];
  cache_stale: (number | null)[];
  cache_errors: (number | null)[];
}
/**
 * As `SeriesWindow`, for one engine. It is kept in memory, from the start of the service or of the engine.
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "EngineSeriesWindow".
 */
export interface EngineSeriesWindow {
  /**
   * Length of an interval, in seconds
   */
  interval_s: number;
  /**
   * Seconds since the epoch
   */
  from: number;
  /**
   * Seconds since the epoch
   */
  to: number;
  /**
   * Start of each interval, in seconds since the epoch
   *
   * @maxItems 400
   */
  t: number[];
  cpu_percent: (number | null)[];
  memory_usage: (number | null)[];
  network_rx_rate: (number | null)[];
  network_tx_rate: (number | null)[];
  streams_active: (number | null)[];
}
export interface Stream {
  id: string;
  key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
  key: string;
  name: string | null;
  container_id: string | null;
  playback_session_id: string;
  stat_url: string;
  command_url: string;
  is_live: boolean;
  /**
   * RFC 3339, UTC
   */
  started_at: string;
  ended_at: string | null;
  status: 'started' | 'ended';
  peers: number | null;
  speed_down: number | null;
  speed_up: number | null;
  downloaded: number | null;
  uploaded: number | null;
}
export interface VpnStatus {
  /**
   * With `redundant`, `vpn1` and `vpn2` describe the two VPNs, and the other fields describe the first that is connected.
   */
  mode: 'disabled' | 'single' | 'redundant';
  enabled: boolean;
  status: string | null;
  container_name: string | null;
  container: string | null;
  health: 'healthy' | 'unhealthy' | 'starting' | 'unknown';
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  last_check: string | null;
  last_check_at: string | null;
  problem: VpnProblem | null;
  vpn1: Vpn | null;
  vpn2: Vpn | null;
  /**
   * Active while one of two VPNs has failed
   */
  emergency_mode: {
    active: boolean;
    failed_vpn: string | null;
    healthy_vpn: string | null;
    /**
     * 0 if not active
     */
    duration_seconds: number;
  };
}
/**
 * What is wrong with the VPN. `responded_at`: when its control server last responded, so when the other fields were current.
 *
 * This interface was referenced by `Operations`'s JSON-Schema
 * via the `definition` "VpnProblem".
 */
export interface VpnProblem {
  code: 'container_missing' | 'container_stopped' | 'starting' | 'unhealthy' | 'unauthorized' | 'no_response';
  message: string;
  /**
   * RFC 3339, UTC
   */
  since: string;
  responded_at: string | null;
}
export interface Vpn {
  mode: 'single';
  enabled: boolean;
  status: string | null;
  container_name: string | null;
  container: string | null;
  health: 'healthy' | 'unhealthy' | 'starting' | 'unknown';
  connected: boolean;
  forwarded_port: number | null;
  public_ip: string | null;
  provider: string | null;
  country: string | null;
  city: string | null;
  region: string | null;
  last_check: string | null;
  last_check_at: string | null;
  problem: VpnProblem | null;
}
export interface LiveSnapshot {
  reason: 'connected' | 'gap';
  /**
   * Globs over the keys that `/cache/stats` lists
   */
  keys: string[];
  /**
   * RFC 3339, UTC
   */
  at: string;
}
export interface LiveNotice {
  /**
   * Type of the change, such as `engine_started`
   */
  type: string;
  /**
   * Globs over the keys that `/cache/stats` lists
   */
  keys: string[];
  engine_id: string | null;
  stream_id: string | null;
  /**
   * RFC 3339, UTC
   */
  at: string;
}
