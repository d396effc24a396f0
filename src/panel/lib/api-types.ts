/**
 * Parameters, request body and reply of each operation of the API, by method and path as in the OpenAPI document.
 * Generated from openapi/openapi.json by `npm run docs`; do not edit.
 */
export interface Operations {
  'GET /engines': {
    reply: {
      container_id: string;
      container_name: string;
      /**
       * Host under which `port` is reached
       */
      host: string;
      port: number;
      labels: {
        [k: string]: string;
      };
      /**
       * Whether it has the VPN's forwarded port
       */
      forwarded: boolean;
      /**
       * RFC 3339, UTC
       */
      first_seen: string;
      started_at: string | null;
      /**
       * RFC 3339, UTC
       */
      last_seen: string;
      /**
       * Ids of its started streams
       */
      streams: string[];
      health_status: 'healthy' | 'unhealthy' | 'unknown';
      last_health_check: string | null;
      last_stream_usage: string | null;
      vpn_container: string | null;
      engine_variant: string | null;
      platform: string | null;
      version: string | null;
      forwarded_port: number | null;
    }[];
  };
  'GET /engines/stats/all': {
    reply: {
      [k: string]: {
        container_id: string;
        /**
         * percent; 100 is one core
         */
        cpu_percent: number;
        /**
         * Without the page cache, bytes
         */
        memory_usage: number;
        /**
         * bytes
         */
        memory_limit: number;
        memory_percent: number;
        /**
         * bytes
         */
        network_rx_bytes: number;
        /**
         * bytes
         */
        network_tx_bytes: number;
        /**
         * Whose the network counters are; with `host` they are not the engine's and read 0
         */
        network_scope: 'own' | 'shared' | 'host';
        /**
         * bytes
         */
        block_read_bytes: number;
        /**
         * bytes
         */
        block_write_bytes: number;
      };
    };
  };
  'GET /engines/stats/total': {
    reply: {
      /**
       * percent; 100 is one core
       */
      total_cpu_percent: number;
      /**
       * bytes
       */
      total_memory_usage: number;
      /**
       * Each network namespace counted once, bytes
       */
      total_network_rx_bytes: number;
      /**
       * Each network namespace counted once, bytes
       */
      total_network_tx_bytes: number;
      /**
       * bytes
       */
      total_block_read_bytes: number;
      /**
       * bytes
       */
      total_block_write_bytes: number;
      container_count: number;
    };
  };
  'GET /orchestrator/status': {
    reply: {
      status: 'healthy' | 'degraded' | 'unavailable';
      engines: {
        total: number;
        running: number;
        healthy: number;
        unhealthy: number;
      };
      streams: {
        active: number;
        total: number;
      };
      capacity: {
        total: number;
        used: number;
        available: number;
        max_replicas: number;
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
        blocked_reason: string | null;
        blocked_reason_details: {
          code: 'vpn_disconnected' | 'circuit_breaker' | 'max_capacity';
          message: string;
          recovery_eta_seconds: number | null;
          can_retry: boolean;
          should_wait: boolean;
        } | null;
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
    };
  };
  'GET /engines/{id}/stats': {
    path: {
      id: string;
    };
    reply: {
      container_id: string;
      /**
       * percent; 100 is one core
       */
      cpu_percent: number;
      /**
       * Without the page cache, bytes
       */
      memory_usage: number;
      /**
       * bytes
       */
      memory_limit: number;
      memory_percent: number;
      /**
       * bytes
       */
      network_rx_bytes: number;
      /**
       * bytes
       */
      network_tx_bytes: number;
      /**
       * Whose the network counters are; with `host` they are not the engine's and read 0
       */
      network_scope: 'own' | 'shared' | 'host';
      /**
       * bytes
       */
      block_read_bytes: number;
      /**
       * bytes
       */
      block_write_bytes: number;
    };
  };
  'GET /vpn/status': {
    reply: {
      /**
       * Of two VPNs, the fields beside `vpn1` and `vpn2` are those of the first that is connected
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
      last_check: number | null;
      last_check_at: string | null;
      vpn1: {
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
        last_check: number | null;
        last_check_at: string | null;
      } | null;
      vpn2: {
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
        last_check: number | null;
        last_check_at: string | null;
      } | null;
      emergency_mode: {
        active: boolean;
        failed_vpn: string | null;
        healthy_vpn: string | null;
        duration_seconds: number | null;
      };
    };
  };
  'GET /vpn/publicip': {
    reply: {
      public_ip: string;
    };
  };
  'GET /engines/{id}': {
    path: {
      id: string;
    };
    reply: {
      engine: {
        container_id: string;
        container_name: string;
        /**
         * Host under which `port` is reached
         */
        host: string;
        port: number;
        labels: {
          [k: string]: string;
        };
        /**
         * Whether it has the VPN's forwarded port
         */
        forwarded: boolean;
        /**
         * RFC 3339, UTC
         */
        first_seen: string;
        started_at: string | null;
        /**
         * RFC 3339, UTC
         */
        last_seen: string;
        /**
         * Ids of its started streams
         */
        streams: string[];
        health_status: 'healthy' | 'unhealthy' | 'unknown';
        last_health_check: string | null;
        last_stream_usage: string | null;
        vpn_container: string | null;
        engine_variant: string | null;
        platform: string | null;
        version: string | null;
        forwarded_port: number | null;
      };
      streams: {
        id: string;
        key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
        key: string;
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
      }[];
    };
  };
  'DELETE /engines/{id}': {
    path: {
      id: string;
    };
    reply: {
      deleted: string;
    };
  };
  'POST /provision/acestream': {
    body?: {
      /**
       * Labels of the engine
       */
      labels?: {
        [k: string]: string;
      };
      /**
       * Environment of the engine
       */
      env?: {
        [k: string]: string;
      };
      /**
       * Port on the host, from PORT_RANGE_HOST
       */
      host_port?: number;
    };
    reply: {
      container_id: string;
      container_name: string;
      host_http_port: number;
      container_http_port: number;
      container_https_port: number;
    };
  };
  'DELETE /containers/{id}': {
    path: {
      id: string;
    };
    reply: {
      deleted: string;
    };
  };
  'GET /health/status': {
    reply: {
      total_engines: number;
      healthy_engines: number;
      unhealthy_engines: number;
      marked_for_replacement: number;
      minimum_required: number;
      /**
       * Seconds
       */
      health_check_interval: number;
      circuit_breakers: {
        general: {
          state: 'closed' | 'open' | 'half_open';
          failure_count: number;
          failure_threshold: number;
          last_failure_time: string | null;
          last_success_time: string | null;
          /**
           * Seconds
           */
          recovery_timeout: number;
        };
        replacement: {
          state: 'closed' | 'open' | 'half_open';
          failure_count: number;
          failure_threshold: number;
          last_failure_time: string | null;
          last_success_time: string | null;
          /**
           * Seconds
           */
          recovery_timeout: number;
        };
      };
    };
  };
  'POST /health/circuit-breaker/reset': {
    query?: {
      operation_type?: 'general' | 'replacement';
    };
    reply: {
      message: string;
    };
  };
  'POST /scale/{demand}': {
    path: {
      demand: string;
    };
    reply: {
      scaled_to: number;
    };
  };
  'GET /streams': {
    query?: {
      status?: 'started' | 'ended';
      container_id?: string;
    };
    reply: {
      id: string;
      key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
      key: string;
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
    }[];
  };
  'GET /streams/{id}/stats': {
    path: {
      id: string;
    };
    query?: {
      since?: string;
    };
    reply: {
      /**
       * RFC 3339, UTC
       */
      ts: string;
      peers: number | null;
      speed_down: number | null;
      speed_up: number | null;
      downloaded: number | null;
      uploaded: number | null;
      status: string | null;
      livepos: {
        pos: string | null;
        live_first: string | null;
        live_last: string | null;
        first_ts: string | null;
        last_ts: string | null;
        is_live: string | null;
        buffer_pieces: string | null;
      } | null;
    }[];
  };
  'DELETE /streams/{id}': {
    path: {
      id: string;
    };
    reply: {
      message: string;
      stream_id: string;
      /**
       * Whether the engine confirmed that the session is over
       */
      stopped: boolean;
      stream: {
        id: string;
        key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
        key: string;
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
      };
    };
  };
  'POST /events/stream_started': {
    body: {
      container_id?: string | null;
      engine: {
        host: string;
        port: number;
      };
      stream: {
        key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
        key: string;
      };
      session: {
        playback_session_id: string;
        stat_url: string;
        command_url: string;
        is_live: 0 | 1;
      };
      labels?: {
        stream_id?: string;
        [k: string]: string | undefined;
      } | null;
    };
    reply: {
      id: string;
      key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
      key: string;
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
    };
  };
  'POST /events/stream_ended': {
    body?: {
      container_id?: string | null;
      stream_id?: string | null;
      reason?: string | null;
    };
    reply: {
      updated: boolean;
      stream: {
        id: string;
        key_type: 'content_id' | 'infohash' | 'url' | 'magnet';
        key: string;
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
      } | null;
    };
  };
  'GET /stats/history': {
    query?: {
      window_s?: string;
    };
    /**
     * A figure for each interval in `t`, null where none is known. CPU: percent, 100 is one core; memory: bytes; rates: bytes per second; `cache_*`: counted within the interval
     */
    reply: {
      /**
       * Length of one interval, seconds
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
       * Beginning of each interval, seconds since the epoch
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
    };
  };
  'GET /cache/stats': {
    reply: {
      /**
       * Fresh entries
       */
      size: number;
      hits: number;
      misses: number;
      /**
       * Percent, two decimals
       */
      hit_rate: number;
      entries: {
        key: string;
        /**
         * Seconds since it was loaded
         */
        age: number;
        /**
         * Seconds until it expires
         */
        ttl_remaining: number;
        bytes: number;
      }[];
      /**
       * Times a source was read
       */
      loads: number;
      /**
       * Misses that shared a load already under way
       */
      collapsed: number;
      /**
       * Misses answered with the last good value
       */
      stale: number;
      load_errors: number;
      evictions: number;
      invalidations: number;
      store_errors: number;
      /**
       * Bytes held, fallbacks included
       */
      bytes: number;
      /**
       * Loads under way
       */
      in_flight: number;
      /**
       * How long loads that succeeded took, by key without the hash of its arguments
       */
      load_times: {
        [k: string]: {
          /**
           * Loads that succeeded
           */
          count: number;
          failed: number;
          mean_seconds: number | null;
          last_seconds: number | null;
        };
      };
      /**
       * Each cache by its name, tier by tier, since the start
       */
      caches: {
        stats: {
          memory: {
            /**
             * Entries, fallbacks included
             */
            held: number;
            bytes: number;
            hits: number;
            misses: number;
            loads: number;
            collapsed: number;
            stale: number;
            load_errors: number;
            evictions: number;
          };
          redis: {
            /**
             * Whether what other orchestrators change is heard of
             */
            connected: boolean;
            /**
             * Values found in Redis
             */
            hits: number;
            /**
             * Loads done for all orchestrators
             */
            leads: number;
            /**
             * Times that the load of another was waited for
             */
            waits: number;
            /**
             * Times that Redis could not be used
             */
            bypasses: number;
            /**
             * Values that Redis took
             */
            stored: number;
            /**
             * Values that it did not take: out of date meanwhile, or full
             */
            refused: number;
            /**
             * Commands that failed
             */
            faults: number;
          } | null;
        };
        results: {
          memory: {
            /**
             * Entries, fallbacks included
             */
            held: number;
            bytes: number;
            hits: number;
            misses: number;
            loads: number;
            collapsed: number;
            stale: number;
            load_errors: number;
            evictions: number;
          };
          redis: {
            /**
             * Whether what other orchestrators change is heard of
             */
            connected: boolean;
            /**
             * Values found in Redis
             */
            hits: number;
            /**
             * Loads done for all orchestrators
             */
            leads: number;
            /**
             * Times that the load of another was waited for
             */
            waits: number;
            /**
             * Times that Redis could not be used
             */
            bypasses: number;
            /**
             * Values that Redis took
             */
            stored: number;
            /**
             * Values that it did not take: out of date meanwhile, or full
             */
            refused: number;
            /**
             * Commands that failed
             */
            faults: number;
          } | null;
        };
      };
    };
  };
  'POST /cache/clear': {
    query?: {
      pattern?: string;
      cache?: 'stats' | 'results';
    };
    body?: {
      /**
       * Glob of the keys to clear, as in `stats:*`
       */
      pattern?: string;
      /**
       * The one cache to clear
       */
      cache?: 'stats' | 'results';
    };
    reply: {
      message: string;
      cleared: number;
    };
  };
  'GET /events': {
    query?: {
      limit?: string;
      offset?: string;
      event_type?:
        | 'engine_started'
        | 'engine_stopped'
        | 'engine_changed'
        | 'runtime_connected'
        | 'runtime_disconnected'
        | 'vpn_changed'
        | 'vpn_emergency'
        | 'vpn_restarted'
        | 'breaker_changed'
        | 'leadership_changed'
        | 'stream_started'
        | 'stream_ended'
        | 'streams_restored';
      category?: 'engine' | 'vpn' | 'stream' | 'runtime' | 'provisioning';
      container_id?: string;
      stream_id?: string;
      since?: string;
    };
    reply: {
      /**
       * Grows with time
       */
      id: number;
      /**
       * RFC 3339, UTC
       */
      timestamp: string;
      event_type: string;
      category: 'engine' | 'vpn' | 'stream' | 'runtime' | 'provisioning';
      message: string;
      container_id: string | null;
      stream_id: string | null;
      details: {
        [k: string]: string | number | boolean | null;
      };
    }[];
  };
  'GET /events/stats': {
    reply: {
      total: number;
      by_type: {
        [k: string]: number;
      };
      by_category: {
        [k: string]: number;
      };
      oldest: string | null;
      newest: string | null;
      /**
       * Events lost since the start for want of room
       */
      dropped: number;
      /**
       * Changes that wait to be written
       */
      queued: number;
      /**
       * Where the log is kept; in memory while its file cannot be written
       */
      store: 'file' | 'memory' | 'away';
    };
  };
  'GET /livez': {
    reply: {
      status: 'alive';
    };
  };
  'GET /readyz': {
    reply: {
      status: 'ready';
    };
  };
  'GET /health': {
    reply: {
      status: 'healthy' | 'unavailable';
      runtime: {
        name: string;
        available: boolean;
      };
      engines: number;
      /**
       * Where the event log is kept; trouble with it does not make the service unhealthy
       */
      history: {
        store: 'file' | 'memory' | 'away';
      };
      cluster: {
        redis: 'connected' | 'away';
        /**
         * Whether this orchestrator is the one that acts
         */
        leading: boolean;
      } | null;
      uptime_seconds: number;
    };
  };
  'GET /version': {
    reply: {
      name: string;
      version: string;
      node: string;
    };
  };
}
