import { describe, expect, test } from 'vitest';
import type { Setting } from '../../../src/library/settings/kinds.ts';
import { type Config, ConfigError, readConfig } from '../../../src/service/config/config.ts';
import { SETTINGS } from '../../../src/service/config/settings.ts';

interface Row {
  /** Text and the value it is parsed to. */
  good: [string, unknown][];
  bad: string[];
}

const INVALID_NUMBERS = ['x', '-1', '1e', '1 s', '0x', '0x10', '0b11', 'NaN', 'Infinity', ' '];
const FLAG: Row = {
  good: [
    ['true', true],
    ['1', true],
    ['YES', true],
    ['on', true],
    ['false', false],
    ['0', false],
    ['No', false],
    ['off', false],
  ],
  bad: ['maybe', '2', ' true', 'truefalse'],
};
const NAME: Row = { good: [['my_vpn-1.x', 'my_vpn-1.x']], bad: ['-vpn', 'a b', 'a/b', 'ä', 'a\n'] };

function seconds(min: number, max = 86_400): Row {
  return {
    good: [
      [String(min), min],
      ['1.5', 1.5],
      [String(max), max],
    ],
    bad: [...INVALID_NUMBERS, String(min / 2 || -0.1), String(max + 1)],
  };
}

function integer(min: number, max: number): Row {
  return {
    good: [
      [String(min), min],
      [String(max), max],
    ],
    bad: [...INVALID_NUMBERS, '1.5', String(min - 1), String(max + 1)],
  };
}

const CORES: Row = {
  good: [
    ['0.01', 0.01],
    ['1.5', 1.5],
    ['1024', 1024],
  ],
  bad: ['0', '-1', '1e2', '1025', 'two', '1,5'],
};

/** Valid and invalid values of every setting. */
const ROWS: Record<keyof typeof SETTINGS, Row> = {
  host: {
    good: [
      ['0.0.0.0', '0.0.0.0'],
      ['::1', '::1'],
      ['my-host.lan', 'my-host.lan'],
    ],
    bad: ['a b', 'http://x', 'ä'],
  },
  port: integer(0, 65_535),
  logLevel: { good: [['debug', 'debug']], bad: ['verbose', 'INFO', 'info '] },
  dataDir: { good: [['/var/lib/x y', '/var/lib/x y']], bad: [] },
  apiKey: {
    good: [
      ['12345678', '12345678'],
      ['short', 'short'],
    ],
    bad: ['x'.repeat(257), 'with spaces', 'schlüssel-12', 'tab\tin-key'],
  },
  allowedHosts: {
    good: [
      ['a.example', ['a.example']],
      ['A.example, *.b.example,c', ['a.example', '*.b.example', 'c']],
      ['*', ['*']],
    ],
    bad: ['a.example:8000', 'http://a.example', 'a.example,', 'a b', '*a.example', '.example'],
  },
  basePath: {
    good: [
      ['/', ''],
      ['/a', '/a'],
      ['/a/b-c/', '/a/b-c'],
    ],
    bad: ['a', '//a', '/a?b', '/a b', '/../a', 'http://a/b', '/%61'],
  },
  authReads: FLAG,
  corsOrigin: {
    good: [
      ['*', '*'],
      ['http://panel.lan:8080', 'http://panel.lan:8080'],
      ['https://panel.lan', 'https://panel.lan'],
    ],
    bad: [
      'panel.lan',
      'http://panel.lan/',
      'http://panel.lan/x',
      'http://pänel.lan',
      'null',
      'http://a, http://b',
      '**',
    ],
  },
  liveMaxClients: integer(0, 10_000),
  engineRuntime: { good: [['process', 'process']], bad: ['podman', 'Docker'] },
  dockerSocket: {
    good: [
      ['unix:///run/d.sock', 'unix:///run/d.sock'],
      ['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
    ],
    bad: [
      'tcp://a:2375,',
      'tcp://a:2375,b:2375',
      '/var/run/docker.sock',
      'ssh://x',
      'unix://',
      'tcp://',
      'tcp://a b',
    ],
  },
  dockerTimeoutS: seconds(0.1, 60),
  dockerConcurrency: integer(1, 1000),
  engineVariant: { good: [['jopsis-amd64', 'jopsis-amd64']], bad: ['jopsis'] },
  engineArm32Version: { good: [['3.2.14', '3.2.14']], bad: ['3.2', 'latest'] },
  engineArm64Version: { good: [['3.2.14', '3.2.14']], bad: ['3.2', 'latest'] },
  engineImage: { good: [['ghcr.io/a/b:1', 'ghcr.io/a/b:1']], bad: ['a\nb'] },
  engineCommand: {
    good: [
      ['/opt/a --port {http_port}', '/opt/a --port {http_port}'],
      [`sh -c "it's"`, `sh -c "it's"`],
    ],
    bad: ['sh -c "a', "it's", '""', '   ', 'a\u0000b'],
  },
  engineHost: { good: [['engines.lan', 'engines.lan']], bad: ['a\u0000'] },
  enginePublishAddress: { good: [['0.0.0.0', '0.0.0.0']], bad: ['a b'] },
  engineMemoryLimit: {
    good: [
      ['6m', 6 * 2 ** 20],
      ['2g', 2 ** 31],
      ['512MB', 2 ** 29],
      ['7000000', 7_000_000],
      ['10240k', 10 * 2 ** 20],
    ],
    bad: ['5m', '0', '-1g', '1t', 'm', '1.5g', '99999999999g'],
  },
  containerLabel: {
    good: [
      ['a.b/c=d', { name: 'a.b/c', value: 'd' }],
      ['a=b=c', { name: 'a', value: 'b=c' }],
    ],
    bad: ['a', '=b', 'a=', 'a b=c', 'a=ä', 'a=b\n'],
  },
  dockerNetwork: { ...NAME, good: [...NAME.good, ['host', 'host']] },
  portRange: {
    good: [
      ['19000-19999', { first: 19_000, last: 19_999 }],
      ['1-65535', { first: 1, last: 65_535 }],
    ],
    bad: ['19000', '0-100', '100-99', '1-65536', '-1-5', '1-2-3', 'a-b', '1 - 100'],
  },
  minReplicas: {
    ...integer(0, 1000),
    good: [
      ['0', 0],
      ['20', 20],
    ],
  },
  minFreeReplicas: integer(0, 1000),
  maxReplicas: integer(1, 1000),
  startupTimeoutS: seconds(1),
  monitorIntervalS: seconds(0.1),
  healthCheckIntervalS: seconds(0.1),
  healthFailureThreshold: integer(1, 100),
  breakerFailureThreshold: integer(1, 1000),
  breakerRecoveryTimeoutS: seconds(0.1),
  autoscaleIntervalS: seconds(0.1),
  autoDelete: FLAG,
  gracePeriodS: seconds(0),
  engineMemoryReservation: { good: [['256m', 256 * 2 ** 20]], bad: ['5m', '1t'] },
  engineCpuLimit: CORES,
  engineCpuReservation: CORES,
  enginePlacement: {
    good: [
      ['node.role==worker', { constraints: ['node.role==worker'], spread: [] }],
      [
        'node.labels.engines==true, spread=node.labels.zone',
        { constraints: ['node.labels.engines==true'], spread: ['node.labels.zone'] },
      ],
      ['node.hostname != a-1', { constraints: ['node.hostname != a-1'], spread: [] }],
    ],
    bad: ['worker', 'node.role=worker', 'node.labels.a==b,', 'spread=zone', 'node.x==y'],
  },
  swarmAgents: {
    good: [
      ['tasks.agent:8001', ['tasks.agent:8001']],
      ['10.0.0.1:1, [fd00::1]:65535', ['10.0.0.1:1', '[fd00::1]:65535']],
    ],
    bad: ['tasks.agent', 'a:0', 'a:65536', 'http://a:1', 'a:1,', 'a b:1'],
  },
  agentPort: integer(1, 65_535),
  agentKeyFile: { good: [['/run/secrets/key', '/run/secrets/key']], bad: [] },
  collectIntervalS: seconds(0.1),
  statsHistoryMax: integer(1, 100_000),
  gluetunContainerName: NAME,
  gluetunContainerName2: NAME,
  // The other one needs more settings than itself.
  vpnMode: { good: [['single', 'single']], bad: ['double', 'Redundant'] },
  vpnUnhealthyRestartTimeoutS: seconds(0),
  gluetunApiPort: integer(1, 65_535),
  gluetunApiUrl: {
    good: [
      ['http://gluetun:8000/', 'http://gluetun:8000'],
      ['https://x/base//', 'https://x/base'],
    ],
    bad: ['gluetun:8000', 'ftp://x', 'http://', 'x'],
  },
  gluetunApiUrl2: { good: [['http://gluetun2:8000', 'http://gluetun2:8000']], bad: ['gluetun2'] },
  gluetunApiKey: { good: [['k', 'k']], bad: ['a b', 'ä'] },
  gluetunHealthCheckIntervalS: seconds(0.1),
  gluetunPortCacheTtlS: seconds(1),
  historyMaxEvents: integer(1, 1_000_000),
  historyMaxAgeS: seconds(1, 315_360_000),
  historySampleIntervalS: integer(0, 60),
  redisUrl: {
    good: [
      ['redis://h:1/0', 'redis://h:1/0'],
      ['unix:///run/redis.sock', 'unix:///run/redis.sock'],
    ],
    bad: ['h:1', 'http://h', 'redis'],
  },
  redisPrefix: { good: [['a.b:c_d-1', 'a.b:c_d-1']], bad: ['a b', 'ä', '{a}', 'x'.repeat(65)] },
  clusterUrl: {
    good: [
      ['http://10.0.0.5:8000', 'http://10.0.0.5:8000'],
      ['https://a.example/', 'https://a.example'],
    ],
    bad: ['10.0.0.5:8000', 'http://h/path', 'ftp://h'],
  },
  redisTimeoutS: seconds(0.01, 60),
  redisConnectTimeoutS: seconds(0.01, 60),
  leaderLeaseS: seconds(1, 300),
  notifyUrls: {
    good: [
      [' ', []],
      ['', []],
    ],
    bad: [
      'example.com',
      'ftp://a/b',
      'https://a/?level=loud',
      'ntfy://host/a/b',
      'apprise://host',
      'ntfy://a b:c@',
    ],
  },
  notifyQuietS: seconds(0),
  chromiumPath: { good: [['/usr/bin/chromium', '/usr/bin/chromium']], bad: ['a\n'] },
  browserMaxSessions: integer(1, 1000),
  browserQueueTimeoutS: seconds(0),
  browserAllowHosts: {
    good: [
      ['10.0.0.5:8080', ['10.0.0.5:8080']],
      ['10.0.0.0/8, *.internal,nas', ['10.0.0.0/8', '*.internal', 'nas']],
      ['fd00::/8,[::1]:80', ['fd00::/8', '[::1]:80']],
    ],
    bad: ['http://a', 'a,', 'a b', 'a:b', ','],
  },
  browserAllowNoSandbox: FLAG,
  browserExecute: FLAG,
  browserCacheTtlS: seconds(0, 31_536_000),
  browserCacheStore: { good: [['disk', 'disk']], bad: ['memory', 'Redis'] },
  browserCacheMaxBytes: integer(1_048_576, 2 ** 50),
  browserCacheTotalMaxBytes: integer(1_048_576, 2 ** 50),
  pyodideUrl: {
    good: [['https://cdn.example/pyodide/', 'https://cdn.example/pyodide']],
    bad: ['cdn.example', 'ftp://x'],
  },
  cacheEnabled: FLAG,
  cacheTtlStatsTotalS: seconds(0.1),
  cacheTtlOrchestratorStatusS: seconds(0.1),
  cacheTtlVpnStatusS: seconds(0.1),
  cacheSweepIntervalS: seconds(1),
  cacheKeepWarm: FLAG,
  cacheRefreshAheadS: seconds(0.1),
  cacheWarmOnStart: FLAG,
  cacheAdaptiveTtl: FLAG,
  cacheAdaptiveTtlMaxS: seconds(0.1),
  cacheStaleIfErrorS: seconds(0),
  cacheLoadTimeoutS: seconds(0.1, 300),
  cacheMaxEntries: integer(1, 10_000_000),
  cacheMaxBytes: integer(1024, 2 ** 40),
};

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** Other settings with which no valid value is in conflict. */
const COMPATIBLE = { PORT_RANGE_HOST: '1-65535', MAX_REPLICAS: '1000' };

describe.each(Object.entries(ROWS) as [keyof typeof SETTINGS, Row][])('%s', (name, { good, bad }) => {
  const setting: Setting<unknown> = SETTINGS[name];
  const [variable] = setting.env;

  test('accepts valid values', () => {
    for (const [text, value] of good) {
      expect([text, readConfig({ ...COMPATIBLE, MIN_REPLICAS: '0', [variable]: text })[name]]).toEqual([
        text,
        value,
      ]);
    }
  });

  test('rejects invalid values with the variable, the value and what it must be', () => {
    for (const text of bad) {
      const [problem, ...others] = problemsOf({ [variable]: text });
      const shown = setting.isSecret ? '"…"' : JSON.stringify(text);
      expect(others).toEqual([]);
      expect(problem).toMatch(/ must be /);
      expect(problem?.slice(0, variable.length + shown.length + 1)).toBe(`${variable}=${shown}`);
    }
  });

  test('has a description and a unit', () => {
    expect(setting.description).toMatch(/^.{10,}\.$/);
    expect(setting.unit).not.toBe('');
  });
});

test('the defaults are the documented ones', () => {
  const defaults: Partial<Config> = {
    host: '127.0.0.1',
    port: 8000,
    logLevel: 'info',
    dataDir: './data',
    apiKey: null,
    allowedHosts: [],
    authReads: false,
    engineRuntime: 'auto',
    containerLabel: { name: 'ondemand.app', value: 'myservice' },
    portRange: { first: 19_000, last: 19_999 },
    minReplicas: 1,
    minFreeReplicas: 1,
    autoscaleIntervalS: 30,
    maxReplicas: 20,
    startupTimeoutS: 25,
    monitorIntervalS: 10,
    healthCheckIntervalS: 20,
    healthFailureThreshold: 3,
    breakerFailureThreshold: 5,
    breakerRecoveryTimeoutS: 300,
    autoDelete: false,
    gracePeriodS: 30,
    collectIntervalS: 5,
    statsHistoryMax: 720,
    gluetunApiPort: 8000,
    vpnMode: 'single',
    vpnUnhealthyRestartTimeoutS: 60,
    gluetunHealthCheckIntervalS: 5,
    gluetunPortCacheTtlS: 60,
    cacheEnabled: true,
    cacheTtlStatsTotalS: 3,
    cacheTtlOrchestratorStatusS: 2,
    cacheTtlVpnStatusS: 3,
    cacheSweepIntervalS: 60,
    cacheKeepWarm: true,
    cacheRefreshAheadS: 15,
    cacheWarmOnStart: true,
    cacheAdaptiveTtl: false,
    cacheAdaptiveTtlMaxS: 30,
    cacheStaleIfErrorS: 30,
  };
  expect(readConfig({})).toMatchObject(defaults);
  expect(readConfig()).toEqual(readConfig({}));
});

test('every invalid value is listed on a line of its own', () => {
  const wrong = Object.entries(ROWS).flatMap(([name, { bad }]) =>
    bad[0] === undefined ? [] : [[SETTINGS[name as keyof typeof SETTINGS].env[0], bad[0]]],
  );
  const problems = problemsOf(Object.fromEntries(wrong));
  expect(problems.map((problem) => problem.split('=')[0])).toEqual(wrong.map(([variable]) => variable));
  const { message } = new ConfigError(problems);
  expect(message.split('\n')).toHaveLength(problems.length + 1);
});

test('a long value is truncated in the message', () => {
  const [problem] = problemsOf({ PORT: 'x'.repeat(10_000) });
  expect(problem!.length).toBeLessThan(250);
});

test('an empty variable counts as unset', () => {
  const empty = Object.values(SETTINGS).flatMap(({ env }) => env.map((name) => [name, '']));
  expect(readConfig(Object.fromEntries(empty))).toEqual(readConfig({}));
});

test('an alias is used if the name itself is not set', () => {
  expect(readConfig({ APP_PORT: '9000' }).port).toBe(9000);
  expect(readConfig({ APP_PORT: '9000', PORT: '9001' }).port).toBe(9001);
  expect(readConfig({ APP_PORT: '9000', PORT: '' }).port).toBe(9000);
  expect(problemsOf({ APP_PORT: 'x' })).toEqual([expect.stringMatching(/^APP_PORT="x" must be /)]);
});

test('no variable belongs to two settings', () => {
  const names = Object.values(SETTINGS).flatMap(({ env }) => env);
  expect(new Set(names).size).toBe(names.length);
});

const TWO_VPNS = {
  VPN_MODE: 'redundant',
  GLUETUN_CONTAINER_NAME: 'one',
  GLUETUN_CONTAINER_NAME_2: 'two',
};

test.each([
  [
    'a minimum above the maximum',
    { MIN_REPLICAS: '5', MAX_REPLICAS: '4' },
    /MIN_REPLICAS \(5\).*MAX_REPLICAS \(4\)/,
  ],
  [
    'fewer ports than engines',
    { PORT_RANGE_HOST: '100-109', MAX_REPLICAS: '11' },
    /PORT_RANGE_HOST.*10 ports.*11/,
  ],
  [
    'two networks',
    { GLUETUN_CONTAINER_NAME: 'gluetun', DOCKER_NETWORK: 'host' },
    /GLUETUN_CONTAINER_NAME and DOCKER_NETWORK/,
  ],
  ['two VPNs without names', { VPN_MODE: 'redundant' }, /requires GLUETUN_CONTAINER_NAME and .*_2/],
  [
    'two VPNs with only one name',
    { VPN_MODE: 'redundant', GLUETUN_CONTAINER_NAME: 'gluetun' },
    /requires GLUETUN_CONTAINER_NAME and .*_2/,
  ],
  [
    'two VPNs with the same name',
    { VPN_MODE: 'redundant', GLUETUN_CONTAINER_NAME: 'gluetun', GLUETUN_CONTAINER_NAME_2: 'gluetun' },
    /must differ.*gluetun/,
  ],
  [
    'two VPNs with one control server',
    { ...TWO_VPNS, GLUETUN_API_URL: 'http://x:8000', GLUETUN_API_URL_2: 'http://x:8000/' },
    /GLUETUN_API_URL and GLUETUN_API_URL_2 must differ/,
  ],
  ['caches of apps in Redis without Redis', { BROWSER_CACHE_STORE: 'redis' }, /requires REDIS_URL/],
  ['a VPN as host without a VPN', { ENGINE_HOST: '{vpn}' }, /ENGINE_HOST.*GLUETUN_CONTAINER_NAME/],
])('conflicting settings are rejected: %s', (_, env, problem) => {
  expect(problemsOf(env)).toEqual([expect.stringMatching(problem)]);
});

test('settings at the limit of a conflict are accepted', () => {
  expect(problemsOf({ MIN_REPLICAS: '4', MAX_REPLICAS: '4', PORT_RANGE_HOST: '100-103' })).toEqual([]);
  expect(problemsOf({ ...TWO_VPNS, GLUETUN_API_URL: 'http://x:8000', ENGINE_HOST: '{vpn}' })).toEqual([]);
  expect(problemsOf({ BROWSER_CACHE_STORE: 'redis', REDIS_URL: 'redis://x' })).toEqual([]);
  // Switching back to one VPN does not require unsetting the name of the second.
  expect(problemsOf({ GLUETUN_CONTAINER_NAME: 'one', GLUETUN_CONTAINER_NAME_2: 'one' })).toEqual([]);
});

test('the configuration is frozen', () => {
  const config = readConfig({});
  expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
});

test('the first layer wins, whichever name of a setting it uses', () => {
  const file = { PORT: '1', REDIS_TIMEOUT_S: '1', LOG_LEVEL: 'debug' };
  const config = readConfig({ APP_PORT: '2', REDIS_SOCKET_TIMEOUT: '3', LOG_LEVEL: '' }, file);
  expect([config.port, config.redisTimeoutS, config.logLevel]).toEqual([2, 3, 'debug']);
});
