import { choice, flag, integer, parsed, parseRedisUrl, seconds, text } from '../../library/settings/index.ts';
import { parseLabel, parseMemorySize, parseOrigin, parsePortRange, parsePrefix, parseUrl } from './values.ts';

const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const NAME_HINT = 'must be the name of a container or network';

const COMMAND = /^(?=.*[^\s"'])(?:[^\p{Cc}"']|"[^\p{Cc}"]*"|'[^\p{Cc}']*')+$/u;

/**
 * Every setting of Roundhouse. The type of the configuration, the checks at start and
 * docs/configuration.md are all made from this table.
 */
export const SETTINGS = {
  // The service
  host: parsed('HOST', '127.0.0.1', '127.0.0.1', 'address', 'Address to listen on.', hostName),
  port: integer(['PORT', 'APP_PORT'], 8000, 'port', 'Port to listen on; 0 takes a free one.', 0, 65_535),
  logLevel: choice(
    'LOG_LEVEL',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'Least important log lines that are written.',
  ),
  dataDir: parsed(
    'DATA_DIR',
    './data',
    './data',
    'folder',
    'Where the API key and other state is kept.',
    String,
  ),
  apiKey: text(
    'API_KEY',
    'text',
    'Key that writes need. Unset: one is made at the first start and kept in `DATA_DIR/api-key`.',
    /^[\x21-\x7e]{8,256}$/,
    'must be 8 to 256 printable ASCII characters without spaces',
  ),
  authReads: flag('AUTH_READS', false, 'Whether reads need the key too.'),
  corsOrigin: parsed<string | null>(
    'CORS_ORIGIN',
    null,
    'unset',
    'origin',
    'Origin whose pages may call the API, or `*`. Unset: none.',
    parseOrigin,
  ),
  liveMaxClients: integer(
    'LIVE_MAX_CLIENTS',
    100,
    'clients',
    'Most clients of /events/live at once.',
    0,
    10_000,
  ),

  // Engines
  engineRuntime: choice(
    'ENGINE_RUNTIME',
    ['auto', 'docker', 'process'],
    'auto',
    'How engines run; `auto` takes Docker where it answers, else local processes.',
  ),
  dockerSocket: text(
    'DOCKER_HOST',
    'address',
    'Docker daemon, as `unix:///path` or `tcp://host:port`. Unset: `/var/run/docker.sock`.',
    /^(unix:\/\/\/.+|(tcp|http):\/\/[^/\s]+)$/,
    'must be unix:///path or tcp://host:port',
  ),
  dockerTimeoutS: seconds('DOCKER_TIMEOUT_S', 5, 'Deadline of one call to Docker.', 0.1, 60),
  dockerConcurrency: integer(
    'DOCKER_CONCURRENCY',
    40,
    'calls',
    'Calls to Docker under way at once.',
    1,
    1000,
  ),
  engineVariant: choice(
    'ENGINE_VARIANT',
    ['krinkuto11-amd64', 'jopsis-amd64'],
    'krinkuto11-amd64',
    'Preset of image and arguments.',
  ),
  engineImage: text('ENGINE_IMAGE', 'image', 'Image in place of the preset one.'),
  engineCommand: text(
    'ENGINE_COMMAND',
    'command',
    'Command in place of the preset one; `{http_port}`, `{https_port}` and `{p2p_port}` (the forwarded port of the VPN, else 8621) are filled in. Split at spaces; quotes group.',
    COMMAND,
    'must be a command, with every quote closed',
  ),
  engineHost: text(
    'ENGINE_HOST',
    'host',
    "Host under which clients reach engines, e.g. the VPN container's name in a Docker network, for which `{vpn}` stands. Unset: found from how they run.",
  ),
  enginePublishAddress: parsed(
    'ENGINE_PUBLISH_ADDRESS',
    '127.0.0.1',
    '127.0.0.1',
    'address',
    'Address on which engine ports are published on the host.',
    hostName,
  ),
  engineMemoryLimit: parsed<number | null>(
    'ENGINE_MEMORY_LIMIT',
    null,
    'none',
    'bytes, or with k, m, g',
    'Memory limit of one engine.',
    parseMemorySize,
  ),
  containerLabel: parsed(
    'CONTAINER_LABEL',
    { name: 'ondemand.app', value: 'myservice' },
    'ondemand.app=myservice',
    'name=value',
    'Label by which Roundhouse knows its containers; it touches no other.',
    parseLabel,
  ),
  dockerNetwork: text(
    'DOCKER_NETWORK',
    'network',
    '`host`, or a network that engines join. Unset: ports are published on the host.',
    CONTAINER_NAME,
    NAME_HINT,
  ),
  portRange: parsed(
    'PORT_RANGE_HOST',
    { first: 19_000, last: 19_999 },
    '19000-19999',
    'first-last',
    'Ports that engines are given on the host.',
    parsePortRange,
  ),
  minReplicas: integer('MIN_REPLICAS', 1, 'engines', 'Engines kept running.', 0, 1000),
  minFreeReplicas: integer(
    'MIN_FREE_REPLICAS',
    1,
    'engines',
    'Engines without a stream kept ready.',
    0,
    1000,
  ),
  maxReplicas: integer('MAX_REPLICAS', 20, 'engines', 'Most engines at once.', 1, 1000),
  startupTimeoutS: seconds(
    'STARTUP_TIMEOUT_S',
    25,
    'How long an engine may take to answer after its start.',
    1,
  ),
  monitorIntervalS: seconds(
    'MONITOR_INTERVAL_S',
    10,
    'How often known engines are compared with the runtime.',
    0.1,
  ),
  healthCheckIntervalS: seconds(
    'HEALTH_CHECK_INTERVAL_S',
    20,
    'How often each engine is asked how it is.',
    0.1,
  ),
  healthFailureThreshold: integer(
    'HEALTH_FAILURE_THRESHOLD',
    3,
    'failures',
    'Failed checks in a row that make an engine unhealthy.',
    1,
    100,
  ),
  breakerFailureThreshold: integer(
    'CIRCUIT_BREAKER_FAILURE_THRESHOLD',
    5,
    'failures',
    'Starts in a row that fail, or lead to no healthy engine, after which provisioning pauses.',
    1,
    1000,
  ),
  breakerRecoveryTimeoutS: seconds(
    'CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S',
    300,
    'How long provisioning pauses.',
    0.1,
  ),
  autoscaleIntervalS: seconds(
    'AUTOSCALE_INTERVAL_S',
    30,
    'How often the number of engines is decided anew where nothing happens.',
    0.1,
  ),
  autoDelete: flag('AUTO_DELETE', false, 'Whether idle engines above the minimum are removed.'),
  gracePeriodS: seconds('ENGINE_GRACE_PERIOD_S', 30, 'How long an engine is idle before it may be removed.'),

  // Streams
  collectIntervalS: seconds(
    'COLLECT_INTERVAL_S',
    5,
    'How often engines are asked for figures of streams.',
    0.1,
  ),
  statsHistoryMax: integer('STATS_HISTORY_MAX', 720, 'samples', 'Samples kept of one stream.', 1, 100_000),

  // The VPN
  gluetunContainerName: text(
    'GLUETUN_CONTAINER_NAME',
    'container',
    'Gluetun container whose network engines use. Unset: no VPN.',
    CONTAINER_NAME,
    NAME_HINT,
  ),
  gluetunContainerName2: text(
    'GLUETUN_CONTAINER_NAME_2',
    'container',
    'Second Gluetun container, for `VPN_MODE=redundant`. It publishes the second half of PORT_RANGE_HOST, the first container the first half.',
    CONTAINER_NAME,
    NAME_HINT,
  ),
  vpnMode: choice(
    'VPN_MODE',
    ['single', 'redundant'],
    'single',
    'Whether engines are shared out over two VPNs; where one fails, its engines go and new ones use the other.',
  ),
  vpnUnhealthyRestartTimeoutS: seconds(
    'VPN_UNHEALTHY_RESTART_TIMEOUT_S',
    60,
    'How long a Gluetun container is unhealthy before it is restarted; 0: it never is.',
  ),
  gluetunApiPort: integer('GLUETUN_API_PORT', 8000, 'port', "Port of Gluetun's control server.", 1, 65_535),
  gluetunApiUrl: parsed<string | null>(
    'GLUETUN_API_URL',
    null,
    'none',
    'URL',
    "Gluetun's control server, where its container's own address does not serve.",
    parseUrl,
  ),
  gluetunApiUrl2: parsed<string | null>(
    'GLUETUN_API_URL_2',
    null,
    'none',
    'URL',
    'The same for the second Gluetun container.',
    parseUrl,
  ),
  gluetunApiKey: text(
    'GLUETUN_API_KEY',
    'text',
    "Key for Gluetun's control server.",
    /^[\x21-\x7e]+$/,
    'must be printable ASCII',
  ),
  gluetunHealthCheckIntervalS: seconds(
    'GLUETUN_HEALTH_CHECK_INTERVAL_S',
    5,
    'How often the VPN is looked at.',
    0.1,
  ),
  gluetunPortCacheTtlS: seconds(
    'GLUETUN_PORT_CACHE_TTL_S',
    60,
    'How long the forwarded port and public address are kept.',
    1,
  ),

  // The history
  historyMaxEvents: integer(
    'HISTORY_MAX_EVENTS',
    10_000,
    'events',
    'Most events kept in the log, and ended streams beside it.',
    1,
    1_000_000,
  ),
  historyMaxAgeS: seconds(
    'HISTORY_MAX_AGE_S',
    2_592_000,
    'How long events and ended streams are kept.',
    1,
    315_360_000,
  ),
  historySampleIntervalS: integer(
    'HISTORY_SAMPLE_INTERVAL_S',
    10,
    's',
    'How often the figures that charts show are noted; engines are read for it where nobody else has them read. 0: never.',
    0,
    60,
  ),

  // Several orchestrators
  redisUrl: parsed<string | null>(
    'REDIS_URL',
    null,
    'none',
    'URL',
    'Redis that orchestrators over the same engines share: one load for all of them, and one that acts.',
    parseRedisUrl,
  ),
  redisPrefix: parsed(
    'REDIS_PREFIX',
    'roundhouse',
    'roundhouse',
    'text',
    'First part of every key in Redis. Only orchestrators over the same Docker daemon may have the same.',
    parsePrefix,
  ),
  redisTimeoutS: seconds(
    ['REDIS_TIMEOUT_S', 'REDIS_SOCKET_TIMEOUT'],
    0.5,
    'Deadline of one command to Redis.',
    0.01,
    60,
  ),
  redisConnectTimeoutS: seconds(
    ['REDIS_CONNECT_TIMEOUT_S', 'REDIS_SOCKET_CONNECT_TIMEOUT'],
    2,
    'Deadline of a connection to Redis.',
    0.01,
    60,
  ),
  leaderLeaseS: seconds(
    'LEADER_LEASE_S',
    10,
    'How long an orchestrator that has died stays the one that acts.',
    1,
    300,
  ),

  // The cache
  cacheEnabled: flag(['CACHE_ENABLED', 'CACHE_ENABLE'], true, 'Off: every read goes to its source.'),
  cacheTtlStatsTotalS: seconds('CACHE_TTL_STATS_TOTAL_S', 3, 'How long engine figures are fresh.', 0.1),
  cacheTtlOrchestratorStatusS: seconds(
    'CACHE_TTL_ORCHESTRATOR_STATUS_S',
    2,
    'How long the status is fresh.',
    0.1,
  ),
  cacheTtlVpnStatusS: seconds('CACHE_TTL_VPN_STATUS_S', 3, 'How long the VPN status is fresh.', 0.1),
  cacheSweepIntervalS: seconds(
    'CACHE_SWEEP_INTERVAL_S',
    60,
    'How often entries of no further use are removed.',
    1,
  ),
  cacheKeepWarm: flag('CACHE_KEEP_WARM', true, 'Whether watched keys are loaded again as they expire.'),
  cacheWatchS: seconds('CACHE_WATCH_S', 15, 'How long after its last read a key counts as watched.', 0.1),
  cacheStaleIfErrorS: seconds(
    'CACHE_STALE_IF_ERROR_S',
    30,
    'How long past its expiry an answer may stand in, marked stale, for a read that fails.',
  ),
  cacheLoadTimeoutS: seconds('CACHE_LOAD_TIMEOUT_S', 10, 'Deadline of one load.', 0.1, 300),
  cacheMaxEntries: integer('CACHE_MAX_ENTRIES', 1000, 'entries', 'Most entries held.', 1, 10_000_000),
  cacheMaxBytes: integer('CACHE_MAX_BYTES', 67_108_864, 'bytes', 'Most bytes held.', 1024, 2 ** 40),
} as const;

function hostName(value: string): string {
  if (/^[a-zA-Z0-9_.:-]+$/.test(value)) return value;
  throw new Error('must be an address or host name');
}
