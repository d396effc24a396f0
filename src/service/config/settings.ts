import {
  choice,
  flag,
  integer,
  parsed,
  parseRedisUrl,
  seconds,
  secret,
  text,
} from '../../library/settings/index.ts';
import { BROWSER_SETTINGS } from './browser-settings.ts';
import { SERVICE_CACHE_SETTINGS } from './cache-settings.ts';
import { NOTIFY_SETTINGS } from './notify-settings.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';
import { SWARM_SETTINGS } from './swarm-settings.ts';
import {
  parseClusterUrl,
  parseDockerHosts,
  parseHostName,
  parseLabel,
  parseMemorySize,
  parsePortRange,
  parsePrefix,
  parseUrl,
} from './values.ts';

const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const NAME_HINT = 'must be a container or network name: letters, digits, _ . and -';
/** An API key, in API_KEY or in its file. */
export const API_KEY_PATTERN = /^[\x21-\x7e]{8,256}$/;
/** At least one word; printable; balanced quotes. */
const COMMAND = /^(?=.*[^\s"'])(?:[^\p{Cc}"']|"[^\p{Cc}"]*"|'[^\p{Cc}']*')+$/u;

/**
 * Every setting of the service. The type of the configuration, the validation at the start and
 * docs/configuration.md are derived from this table.
 */
export const SETTINGS = {
  // The service
  ...SERVICE_SETTINGS,

  // Engines
  engineRuntime: choice(
    'ENGINE_RUNTIME',
    ['auto', 'docker', 'process', 'swarm'],
    'auto',
    'How engines run; `auto` uses Docker if its daemon responds, and local processes otherwise; `swarm` runs each engine as a service of a Docker Swarm.',
  ),
  dockerSocket: parsed<string | null>(
    'DOCKER_HOST',
    null,
    'unset',
    'address',
    'Address of the Docker daemon, as `unix:///path` or `tcp://host:port`; for a Swarm, of one or several managers, separated by commas. Unset: `unix:///var/run/docker.sock`.',
    parseDockerHosts,
  ),
  dockerTimeoutS: seconds('DOCKER_TIMEOUT_S', 5, 'Timeout of one Docker API request.', 0.1, 60),
  dockerConcurrency: integer(
    'DOCKER_CONCURRENCY',
    40,
    'requests',
    'Maximum number of concurrent Docker API requests.',
    1,
    1000,
  ),
  engineVariant: choice(
    'ENGINE_VARIANT',
    ['krinkuto11-amd64', 'jopsis-amd64', 'jopsis-arm32', 'jopsis-arm64'],
    'krinkuto11-amd64',
    'Preset image and command of engines.',
  ),
  engineArm32Version: choice(
    'ENGINE_ARM32_VERSION',
    ['3.2.13', '3.2.14'],
    '3.2.13',
    'Version of the engine for `jopsis-arm32`.',
  ),
  engineArm64Version: choice(
    'ENGINE_ARM64_VERSION',
    ['3.2.13', '3.2.14'],
    '3.2.13',
    'Version of the engine for `jopsis-arm64`.',
  ),
  engineImage: text('ENGINE_IMAGE', 'image', 'Image to use instead of the preset image.'),
  engineCommand: text(
    'ENGINE_COMMAND',
    'command',
    'Command to use instead of the preset command. `{http_port}`, `{https_port}` and `{p2p_port}` (the forwarded port of the VPN, or 8621) are replaced. Split at spaces outside quotes.',
    COMMAND,
    'must be a command, with every quote closed',
  ),
  engineHost: text(
    'ENGINE_HOST',
    'host',
    'Host at which clients reach engines. `{vpn}` is replaced by the name of the VPN container, for clients in the same Docker network. Unset: derived from how the engines run.',
  ),
  enginePublishAddress: parsed(
    'ENGINE_PUBLISH_ADDRESS',
    '127.0.0.1',
    '127.0.0.1',
    'address',
    'Host address on which engine ports are published.',
    parseHostName,
  ),
  engineMemoryLimit: parsed<number | null>(
    'ENGINE_MEMORY_LIMIT',
    null,
    'none',
    'bytes; suffix k, m or g',
    'Memory limit of one engine.',
    parseMemorySize,
  ),
  containerLabel: parsed(
    'CONTAINER_LABEL',
    { name: 'ondemand.app', value: 'myservice' },
    'ondemand.app=myservice',
    'name=value',
    'Label of the containers that Roundhouse manages. It never changes other containers.',
    parseLabel,
  ),
  dockerNetwork: text(
    'DOCKER_NETWORK',
    'network',
    'Docker network that engines join, or `host`. Unset: engine ports are published on the host.',
    CONTAINER_NAME,
    NAME_HINT,
  ),
  portRange: parsed(
    'PORT_RANGE_HOST',
    { first: 19_000, last: 19_999 },
    '19000-19999',
    'first-last',
    'Host ports assigned to engines.',
    parsePortRange,
  ),
  minReplicas: integer('MIN_REPLICAS', 1, 'engines', 'Minimum number of engines.', 0, 1000),
  minFreeReplicas: integer(
    'MIN_FREE_REPLICAS',
    1,
    'engines',
    'Minimum number of engines without a stream.',
    0,
    1000,
  ),
  maxReplicas: integer('MAX_REPLICAS', 20, 'engines', 'Maximum number of engines.', 1, 1000),
  startupTimeoutS: seconds(
    'STARTUP_TIMEOUT_S',
    25,
    'How long an engine may take to respond after its start.',
    1,
  ),
  monitorIntervalS: seconds(
    'MONITOR_INTERVAL_S',
    10,
    'How often the list of engines is compared with the runtime.',
    0.1,
  ),
  healthCheckIntervalS: seconds(
    'HEALTH_CHECK_INTERVAL_S',
    20,
    'How often the health of each engine is checked.',
    0.1,
  ),
  healthFailureThreshold: integer(
    'HEALTH_FAILURE_THRESHOLD',
    3,
    'failures',
    'Number of consecutive failed health checks after which an engine is unhealthy.',
    1,
    100,
  ),
  breakerFailureThreshold: integer(
    'CIRCUIT_BREAKER_FAILURE_THRESHOLD',
    5,
    'failures',
    'Number of consecutive starts that fail, or produce no healthy engine, after which provisioning pauses.',
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
    'How often the number of engines is re-evaluated, in addition to when engines or streams change.',
    0.1,
  ),
  autoDelete: flag('AUTO_DELETE', false, 'Whether idle engines above the minimum are removed.'),
  gracePeriodS: seconds(
    'ENGINE_GRACE_PERIOD_S',
    30,
    'How long an engine must be idle or unhealthy before it can be removed.',
  ),

  // Docker Swarm
  ...SWARM_SETTINGS,

  // Streams
  collectIntervalS: seconds('COLLECT_INTERVAL_S', 5, 'How often each stream is sampled.', 0.1),
  statsHistoryMax: integer(
    'STATS_HISTORY_MAX',
    720,
    'samples',
    'Maximum number of samples kept per stream.',
    1,
    100_000,
  ),

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
    'Second Gluetun container, for `VPN_MODE=redundant`. It must publish the second half of PORT_RANGE_HOST, and the first container the first half.',
    CONTAINER_NAME,
    NAME_HINT,
  ),
  vpnMode: choice(
    'VPN_MODE',
    ['single', 'redundant'],
    'single',
    'Whether engines are distributed over two VPNs. If one fails, its engines are removed and new engines use the other.',
  ),
  vpnUnhealthyRestartTimeoutS: seconds(
    'VPN_UNHEALTHY_RESTART_TIMEOUT_S',
    60,
    'How long a Gluetun container must be unhealthy before it is restarted; 0 disables restarts.',
  ),
  gluetunApiPort: integer('GLUETUN_API_PORT', 8000, 'port', "Port of Gluetun's control server.", 1, 65_535),
  gluetunApiUrl: parsed<string | null>(
    'GLUETUN_API_URL',
    null,
    'unset',
    'URL',
    'URL of the control server of Gluetun, if it is not reachable at the address of the container.',
    parseUrl,
  ),
  gluetunApiUrl2: parsed<string | null>(
    'GLUETUN_API_URL_2',
    null,
    'unset',
    'URL',
    'URL of the control server of the second Gluetun container, if it is not reachable at the address of the container.',
    parseUrl,
  ),
  gluetunApiKey: secret(
    text(
      'GLUETUN_API_KEY',
      'text',
      "API key of Gluetun's control server.",
      /^[\x21-\x7e]+$/,
      'must be printable ASCII',
    ),
  ),
  gluetunHealthCheckIntervalS: seconds(
    'GLUETUN_HEALTH_CHECK_INTERVAL_S',
    5,
    'How often the VPN is checked.',
    0.1,
  ),
  gluetunPortCacheTtlS: seconds(
    'GLUETUN_PORT_CACHE_TTL_S',
    60,
    'How long the forwarded port and the public address are cached.',
    1,
  ),

  // The event log and the time series
  historyMaxEvents: integer(
    'HISTORY_MAX_EVENTS',
    10_000,
    'events',
    'Maximum number of stored events, and of stored streams that have ended.',
    1,
    1_000_000,
  ),
  historyMaxAgeS: seconds(
    'HISTORY_MAX_AGE_S',
    2_592_000,
    'Maximum age of stored events and ended streams.',
    1,
    315_360_000,
  ),
  historySampleIntervalS: integer(
    'HISTORY_SAMPLE_INTERVAL_S',
    10,
    's',
    'Interval between two points of the time series that charts show. Engines are sampled for each point unless recent samples exist; 0 disables sampling.',
    0,
    60,
  ),

  // Several orchestrators
  redisUrl: parsed<string | null>(
    'REDIS_URL',
    null,
    'unset',
    'URL',
    'Redis shared by orchestrators that manage the same engines. They share cached values, and only an elected leader scales engines and restarts VPNs.',
    parseRedisUrl,
  ),
  redisPrefix: parsed(
    'REDIS_PREFIX',
    'roundhouse',
    'roundhouse',
    'text',
    'Prefix of every Redis key. Orchestrators of different Docker daemons must use different prefixes.',
    parsePrefix,
  ),
  clusterUrl: parsed<string | null>(
    'CLUSTER_URL',
    null,
    'unset',
    'URL',
    'Where the other orchestrators over the same Redis reach this one, such as `http://10.0.0.5:8000`. They forward requests for its sessions of browser apps there. Unset: the address in HOST; if that is a loopback address or `0.0.0.0`, only orchestrators on the same machine reach it.',
    parseClusterUrl,
  ),
  redisTimeoutS: seconds(
    ['REDIS_TIMEOUT_S', 'REDIS_SOCKET_TIMEOUT'],
    0.5,
    'Timeout of one Redis command.',
    0.01,
    60,
  ),
  redisConnectTimeoutS: seconds(
    ['REDIS_CONNECT_TIMEOUT_S', 'REDIS_SOCKET_CONNECT_TIMEOUT'],
    2,
    'Timeout of connecting to Redis.',
    0.01,
    60,
  ),
  leaderLeaseS: seconds(
    'LEADER_LEASE_S',
    10,
    'Duration of the leader lease. If the leader crashes, another orchestrator is elected when it expires.',
    1,
    300,
  ),

  // Notifications
  ...NOTIFY_SETTINGS,

  // Browser apps
  ...BROWSER_SETTINGS,

  // The cache
  ...SERVICE_CACHE_SETTINGS,
} as const;
