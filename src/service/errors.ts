/** Codes of all errors. The API maps each to one HTTP status. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'reserved_label'
  | 'reserved_variable'
  | 'port_out_of_range'
  | 'port_taken'
  | 'no_free_port'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'headers_too_large'
  | 'missing_key'
  | 'wrong_key'
  | 'too_many_attempts'
  | 'ambiguous_key'
  | 'cross_site_request'
  | 'invalid_config'
  | 'host_not_allowed'
  | 'not_found'
  | 'method_not_allowed'
  | 'engine_not_found'
  | 'stream_not_found'
  | 'template_not_found'
  | 'template_active'
  | 'invalid_settings'
  | 'reprovisioning'
  | 'settings_not_stored'
  | 'stats_unavailable'
  | 'stream_unavailable'
  | 'logs_unavailable'
  | 'public_ip_unknown'
  | 'provisioning_blocked'
  | 'provisioning_failed'
  | 'engine_exited'
  | 'image_missing'
  | 'runtime_unavailable'
  | 'too_many_clients'
  | 'history_unavailable'
  | 'invalid_manifest'
  | 'app_not_found'
  | 'app_exists'
  | 'app_not_stored'
  | 'app_cache_unavailable'
  | 'app_start_failed'
  | 'browser_crashed'
  | 'page_crashed'
  | 'memory_limit_exceeded'
  | 'session_not_found'
  | 'session_not_running'
  | 'too_many_sessions'
  | 'script_failed'
  | 'browser_unavailable'
  | 'owner_unreachable'
  | 'cluster_unavailable'
  | 'profile_not_found'
  | 'profile_exists'
  | 'profile_in_use'
  | 'profile_unavailable'
  | 'timeout'
  | 'internal_error';

/** An error with a code. Its message is sent to the client. */
export class RoundhouseError extends Error {
  override readonly name = 'RoundhouseError';
  /** What went wrong. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
